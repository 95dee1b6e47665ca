package ringfence.node.gguf;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// Writes model files for tests, right ones and wrong ones.
public final class GgufBytes {
  private int magic = 0x4655_4747;
  private int version = 3;
  private long alignment = 32;
  private final List<Pair> pairs = new ArrayList<>();
  private final List<TensorBytes> tensors = new ArrayList<>();

  private record Pair(String key, Consumer<Out> value) {}

  private record TensorBytes(String name, int type, long[] dimensions, byte[] data, Long offset) {}

  /// Little-endian.
  public static final class Out {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    public Out int8(int value) {
      bytes.write(value);
      return this;
    }

    public Out int16(int value) {
      return int8(value).int8(value >> 8);
    }

    public Out int32(long value) {
      return int16((int) value).int16((int) (value >> 16));
    }

    public Out int64(long value) {
      return int32(value).int32(value >> 32);
    }

    byte[] written() {
      return bytes.toByteArray();
    }

    public Out text(String text) {
      return text(text.getBytes(StandardCharsets.UTF_8));
    }

    public Out text(byte[] text) {
      int64(text.length);
      bytes.writeBytes(text);
      return this;
    }
  }

  /// The file's metadata and tensors, to be changed.
  public static GgufBytes copyOf(GgufFile file) {
    GgufBytes copy = new GgufBytes();
    copy.alignment = file.alignment();
    for (String key : file.metadata().keys()) {
      MetadataValue value = file.metadata().find(key);
      copy.put(key, out -> write(out.int32(value.type().id()), value));
    }
    for (Tensor tensor : file.tensors()) {
      copy.tensor(
          tensor.name(),
          tensor.type().id(),
          tensor.data().toArray(ValueLayout.JAVA_BYTE),
          file.dimensions(tensor.name()).stream().mapToLong(Long::longValue).toArray());
    }
    return copy;
  }

  private static void write(Out out, MetadataValue value) {
    switch (value) {
      case MetadataValue.Whole whole -> {
        switch (whole.type().leastBytes()) {
          case 1 -> out.int8((int) whole.value());
          case 2 -> out.int16((int) whole.value());
          case 4 -> out.int32(whole.value());
          default -> out.int64(whole.value());
        }
      }
      case MetadataValue.Fraction fraction -> {
        if (fraction.type() == MetadataType.FLOAT32) {
          out.int32(Float.floatToRawIntBits((float) fraction.value()));
        } else {
          out.int64(Double.doubleToRawLongBits(fraction.value()));
        }
      }
      case MetadataValue.Flag flag -> out.int8(flag.value() ? 1 : 0);
      case MetadataValue.Text text -> out.text(text.bytes().toArray(ValueLayout.JAVA_BYTE));
      case MetadataValue.Elements elements -> {
        MetadataArray array = elements.array();
        out.int32(array.elementType().id()).int64(array.size());
        for (int i = 0; i < array.size(); i++) {
          write(out, array.get(i));
        }
      }
    }
  }

  public GgufBytes magic(int magic) {
    this.magic = magic;
    return this;
  }

  public GgufBytes version(int version) {
    this.version = version;
    return this;
  }

  /// Of the tensors; the key is not written.
  public GgufBytes alignTo(long alignment) {
    this.alignment = alignment;
    return this;
  }

  /// Adds a pair; `value` writes type and value.
  public GgufBytes put(String key, Consumer<Out> value) {
    pairs.add(new Pair(key, value));
    return this;
  }

  public GgufBytes text(String key, String text) {
    return put(key, out -> out.int32(MetadataType.STRING.id()).text(text));
  }

  public GgufBytes uint32(String key, long value) {
    return put(key, out -> out.int32(MetadataType.UINT32.id()).int32(value));
  }

  public GgufBytes float32(String key, float value) {
    return put(
        key, out -> out.int32(MetadataType.FLOAT32.id()).int32(Float.floatToRawIntBits(value)));
  }

  public GgufBytes bool(String key, boolean value) {
    return put(key, out -> out.int32(MetadataType.BOOL.id()).int8(value ? 1 : 0));
  }

  public GgufBytes uint32s(String key, int... values) {
    return put(
        key,
        out -> {
          out.int32(MetadataType.ARRAY.id()).int32(MetadataType.UINT32.id()).int64(values.length);
          for (int value : values) {
            out.int32(value);
          }
        });
  }

  public GgufBytes bools(String key, boolean... values) {
    return put(
        key,
        out -> {
          out.int32(MetadataType.ARRAY.id()).int32(MetadataType.BOOL.id()).int64(values.length);
          for (boolean value : values) {
            out.int8(value ? 1 : 0);
          }
        });
  }

  public GgufBytes without(String name) {
    pairs.removeIf(pair -> pair.key.equals(name));
    tensors.removeIf(tensor -> tensor.name.equals(name));
    return this;
  }

  /// Adds a tensor behind those there are.
  public GgufBytes tensor(String name, int type, byte[] data, long... dimensions) {
    tensors.add(new TensorBytes(name, type, dimensions, data, null));
    return this;
  }

  /// Describes a tensor of which no byte is written.
  public GgufBytes tensorAt(long offset, String name, int type, long... dimensions) {
    tensors.add(new TensorBytes(name, type, dimensions, new byte[0], offset));
    return this;
  }

  public GgufBytes zeros(String name, TensorType type, long columns, long rows) {
    byte[] data = new byte[(int) type.bytes(columns * rows)];
    return rows == 1
        ? tensor(name, type.id(), data, columns)
        : tensor(name, type.id(), data, columns, rows);
  }

  public byte[] header() {
    Out out = new Out();
    out.int32(magic).int32(version).int64(tensors.size()).int64(pairs.size());
    for (Pair pair : pairs) {
      pair.value.accept(out.text(pair.key));
    }
    long next = 0;
    for (TensorBytes tensor : tensors) {
      out.text(tensor.name).int32(tensor.dimensions.length);
      for (long dimension : tensor.dimensions) {
        out.int64(dimension);
      }
      out.int32(tensor.type).int64(tensor.offset == null ? next : tensor.offset);
      next += aligned(tensor.data.length);
    }
    return out.bytes.toByteArray();
  }

  private long aligned(long size) {
    return Math.ceilDiv(size, alignment) * alignment;
  }

  public byte[] bytes() {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(header());
    pad(all);
    for (TensorBytes tensor : tensors) {
      all.writeBytes(tensor.data);
      pad(all);
    }
    return all.toByteArray();
  }

  private void pad(ByteArrayOutputStream out) {
    out.writeBytes(new byte[(int) (aligned(out.size()) - out.size())]);
  }

  public MemorySegment segment() {
    return MemorySegment.ofArray(bytes());
  }

  public GgufFile parse() {
    return GgufFile.parse(segment());
  }

  /// Numbers as the bytes of an F32 tensor.
  public static byte[] floats(float... numbers) {
    ByteBuffer bytes =
        ByteBuffer.allocate(numbers.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float number : numbers) {
      bytes.putFloat(number);
    }
    return bytes.array();
  }
}
