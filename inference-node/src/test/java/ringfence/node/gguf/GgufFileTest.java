package ringfence.node.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ringfence.node.catalogue.TestModel;

class GgufFileTest {

  @Test
  void readsEveryTypeOfMetadata() {
    Metadata metadata =
        new GgufBytes()
            .put("u8", out -> out.int32(0).int8(200))
            .put("i8", out -> out.int32(1).int8(-3))
            .put("u16", out -> out.int32(2).int16(65_000))
            .put("i16", out -> out.int32(3).int16(-300))
            .put("u32", out -> out.int32(4).int32(4_000_000_000L))
            .put("i32", out -> out.int32(5).int32(-70_000))
            .put("f32", out -> out.int32(6).int32(Float.floatToIntBits(1.5f)))
            .put("bool", out -> out.int32(7).int8(1))
            .put("string", out -> out.int32(8).text("größe 🦊"))
            .put("u64", out -> out.int32(10).int64(-1))
            .put("i64", out -> out.int32(11).int64(Long.MIN_VALUE))
            .put("f64", out -> out.int32(12).int64(Double.doubleToLongBits(Math.PI)))
            .parse()
            .metadata();

    assertThat(metadata.keys())
        .containsExactly(
            "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "u64", "i64", "f64");
    assertThat(metadata.keys().stream().map(key -> String.valueOf(metadata.find(key))))
        .containsExactly(
            "200",
            "-3",
            "65000",
            "-300",
            "4000000000",
            "-70000",
            "1.5",
            "true",
            "größe 🦊",
            "18446744073709551615",
            "-9223372036854775808",
            "3.141592653589793");
    assertThat(metadata.count("u8")).isEqualTo(200);
    assertThat(metadata.number("f64")).isEqualTo((float) Math.PI);
    assertThat(metadata.flag("bool", false)).isTrue();
    assertThat(metadata.text("string")).isEqualTo("größe 🦊");
    assertThat(metadata.count("missing", 7)).isEqualTo(7);
  }

  @Test
  void readsArraysOfNumbersStringsAndArrays() {
    Metadata metadata =
        new GgufBytes()
            .put("words", out -> out.int32(9).int32(8).int64(3).text("a").text("").text("ccc"))
            .put("scores", out -> out.int32(9).int32(6).int64(1).int32(Float.floatToIntBits(-2f)))
            .put(
                "nested",
                out -> {
                  out.int32(9).int32(9).int64(2);
                  out.int32(5).int64(2).int32(-1).int32(2);
                  out.int32(8).int64(1).text("deep");
                })
            .parse()
            .metadata();

    MetadataArray words = metadata.array("words");
    assertThat(words.size()).isEqualTo(3);
    assertThat(List.of(words.text(0), words.text(1), words.text(2)))
        .containsExactly("a", "", "ccc");
    assertThat(words.textLength(2)).isEqualTo(3);
    assertThat(metadata.array("scores").number(0)).isEqualTo(-2f);
    MetadataArray nested = metadata.array("nested");
    assertThat(nested.array(0).integer(1)).isEqualTo(2);
    assertThat(nested.array(1).text(0)).isEqualTo("deep");
    assertThatThrownBy(() -> words.text(3)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> words.integer(0))
        .isInstanceOf(GgufException.class)
        .hasMessageContaining("'words' should hold integers and holds STRING");
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void readsTensorsOfBothVersions(int version) {
    GgufFile file =
        new GgufBytes()
            .version(version)
            .tensor("a", TensorType.F32.id(), GgufBytes.floats(1, 2, 3, 4, 5, 6), 3, 2)
            .tensor("b", TensorType.F32.id(), GgufBytes.floats(7), 1)
            .parse();

    assertThat(file.version()).isEqualTo(version);
    Tensor a = file.tensor("a");
    assertThat(a.columns()).isEqualTo(3);
    assertThat(a.rows()).isEqualTo(2);
    assertThat(file.dimensions("a")).containsExactly(3L, 2L);
    float[] row = new float[3];
    Dequantizer.row(a, 1, row, 0);
    assertThat(row).containsExactly(4, 5, 6);
    Dequantizer.row(file.tensor("b"), 0, row, 2);
    assertThat(row[2]).isEqualTo(7);
    assertThat(file.find("c")).isNull();
  }

  @Test
  void tensorsLieAtTheFilesOwnAlignment() {
    GgufFile file =
        new GgufBytes()
            .uint32("general.alignment", 256)
            .alignTo(256)
            .tensor("a", TensorType.F32.id(), GgufBytes.floats(1), 1)
            .tensor("b", TensorType.F32.id(), GgufBytes.floats(2), 1)
            .parse();
    float[] number = new float[1];
    Dequantizer.row(file.tensor("b"), 0, number, 0);
    assertThat(number[0]).isEqualTo(2);
    assertThat(file.alignment()).isEqualTo(256);
  }

  @Test
  void readsTensorsBeyondTwoGibibytes(@TempDir Path folder) throws IOException {
    long far = 5L << 30;
    byte[] header =
        new GgufBytes()
            .tensorAt(0, "huge", TensorType.Q8_0.id(), 1 << 16, 1 << 16)
            .tensorAt(far, "far", TensorType.F32.id(), 2)
            .header();
    long data = Math.ceilDiv(header.length, 32) * 32L;
    Path path = folder.resolve("sparse.gguf");
    try (FileChannel channel =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(header), 0);
      channel.write(ByteBuffer.wrap(GgufBytes.floats(41, 42)), data + far);
      // The last block of the huge tensor's last row: a scale of 1 and all -1.
      byte[] block = new byte[34];
      Arrays.fill(block, (byte) -1);
      block[0] = 0;
      block[1] = 0x3C;
      channel.write(ByteBuffer.wrap(block), data + TensorType.Q8_0.bytes(1L << 32) - block.length);
    }

    try (Arena arena = Arena.ofConfined()) {
      GgufFile file = GgufFile.open(path, arena);
      assertThat(file.byteSize()).isGreaterThan(far);
      float[] numbers = new float[2];
      Dequantizer.row(file.tensor("far"), 0, numbers, 0);
      assertThat(numbers).containsExactly(41, 42);
      float[] row = new float[1 << 16];
      Dequantizer.row(file.tensor("huge"), (1 << 16) - 1, row, 0);
      assertThat(row[row.length - 33]).isZero();
      assertThat(row[row.length - 1]).isEqualTo(-1);
    }
  }

  @Test
  void readsARealModel() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      GgufFile file = GgufFile.open(TestModel.SMOLLM2.file(), arena);
      assertThat(file.tensors()).hasSize(272);
      assertThat(file.metadata().text("general.architecture")).isEqualTo("llama");
      MetadataArray tokens = file.metadata().array("tokenizer.ggml.tokens");
      assertThat(tokens.size()).isEqualTo(49_152);
      assertThat(tokens.text(2)).isEqualTo("<|im_end|>");
      assertThat(file.tensor("blk.29.ffn_down.weight").type()).isEqualTo(TensorType.Q4_1);
    }
    assertThat(FileDigest.sha256(TestModel.SMOLLM2.file()))
        .isEqualTo("b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53");
  }

  @Test
  void namesTheFileThatIsDamaged(@TempDir Path folder) throws IOException {
    Path path =
        Files.write(folder.resolve("letter.gguf"), "Dear Sir".getBytes(StandardCharsets.UTF_8));
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> GgufFile.open(path, arena))
          .isInstanceOf(GgufException.class)
          .hasMessageStartingWith("letter.gguf: this is no GGUF file");
      assertThatThrownBy(() -> GgufFile.open(folder.resolve("none.gguf"), arena))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void refusesOtherVersionsAndByteOrders() {
    refused(new GgufBytes().version(1), "version 1", "convert");
    refused(new GgufBytes().version(4), "version 4", "2 and 3");
    refused(new GgufBytes().version(3 << 24), "big-endian");
    refused(MemorySegment.ofArray(new byte[0]), "magic number", "cut short");
  }

  @Test
  void refusesCountsAndLengthsThatTheFileCannotHold() {
    refused(
        new GgufBytes.Out().int32(0x4655_4747).int32(3).int64(-1).int64(0), "number of tensors");
    refused(
        new GgufBytes.Out().int32(0x4655_4747).int32(3).int64(0).int64(60_000), "metadata keys");
    refused(
        new GgufBytes.Out().int32(0x4655_4747).int32(3).int64(0).int64(1).int64(1L << 40).int64(0),
        "name of key 0",
        "limit");
    refused(
        new GgufBytes().put("k", out -> out.int32(8).int64(Long.MAX_VALUE)), "key 'k'", "limit");
    refused(new GgufBytes().put("k", out -> out.int32(8).int64(5_000_000)), "key 'k'", "cut short");
    refused(
        new GgufBytes().put("k", out -> out.int32(9).int32(8).int64(1 << 20)),
        "elements of key 'k'",
        "can hold");
    refused(
        new GgufBytes().put("k", out -> out.int32(9).int32(0).int64(1L << 60)),
        "elements of key 'k'",
        "limit");
  }

  @Test
  void refusesArraysInArraysWithoutEnd() {
    refused(
        new GgufBytes()
            .put(
                "k",
                out -> {
                  out.int32(9);
                  for (int i = 0; i < 10_000; i++) {
                    out.int32(9).int64(1);
                  }
                }),
        "key 'k'",
        "deep");
  }

  @Test
  void refusesBadValues() {
    refused(new GgufBytes().put("k", out -> out.int32(13)), "key 'k'", "type 13");
    refused(new GgufBytes().put("k", out -> out.int32(7).int8(2)), "key 'k'", "bool");
    refused(
        new GgufBytes().put("k", out -> out.int32(9).int32(7).int64(2).int8(1).int8(9)),
        "key 'k'",
        "bool");
    refused(new GgufBytes().uint32("k", 1).uint32("k", 1), "key 'k'", "twice");
    refused(new GgufBytes().uint32("", 1), "name of key 0", "empty");
    refused(
        new GgufBytes.Out()
            .int32(0x4655_4747)
            .int32(3)
            .int64(0)
            .int64(1)
            .text(new byte[] {(byte) 0xC3, 0x28})
            .int32(4)
            .int32(1),
        "name of key 0",
        "UTF-8");
    refused(new GgufBytes().uint32("general.alignment", 48), "general.alignment", "power of two");
    refused(new GgufBytes().uint32("general.alignment", 0), "general.alignment", "power of two");
    refused(new GgufBytes().text("general.alignment", "32"), "general.alignment", "integer");
  }

  @Test
  void refusesTensorsThatCannotBe() {
    int f32 = TensorType.F32.id();
    refused(new GgufBytes().tensorAt(0, "t", f32), "tensor 't'", "0 dimensions");
    refused(new GgufBytes().tensorAt(0, "t", f32, 1, 1, 1, 1, 1), "tensor 't'", "5 dimensions");
    refused(new GgufBytes().tensorAt(0, "t", f32, 0, 4), "tensor 't'", "at least 1");
    refused(new GgufBytes().tensorAt(0, "t", f32, 4, -4), "tensor 't'", "at least 1");
    refused(new GgufBytes().tensorAt(0, "t", f32, 1L << 32, 1L << 32), "tensor 't'", "larger");
    refused(new GgufBytes().tensorAt(0, "t", f32, 1L << 61, 1), "tensor 't'", "larger");
    refused(
        new GgufBytes().tensorAt(0, "t", TensorType.Q4_K.id(), 128, 4),
        "tensor 't'",
        "blocks of 256");
    refused(new GgufBytes().tensorAt(7, "t", f32, 1), "tensor 't'", "alignment");
    refused(new GgufBytes().tensorAt(64, "t", f32, 1), "tensor 't'", "cut short");
    refused(new GgufBytes().tensorAt(Long.MAX_VALUE - 31, "t", f32, 1), "tensor 't'", "cut short");
    refused(new GgufBytes().tensorAt(0, "", f32, 1), "name of tensor 0", "empty");
    refused(
        new GgufBytes().zeros("t", TensorType.F32, 1, 1).zeros("t", TensorType.F32, 1, 1),
        "tensor 't'",
        "twice");
    refused(
        new GgufBytes().zeros("first", TensorType.F32, 16, 1).tensorAt(32, "second", f32, 1),
        "'first' and 'second' overlap");
  }

  @ParameterizedTest
  @CsvSource({"16,IQ2_XXS", "21,IQ3_S", "35,TQ2_0", "40,NVFP4", "28,F64", "77,unknown type 77"})
  void namesTheTensorTypeThatIsNotSupportedAndThoseThatAre(int type, String name) {
    refused(
        new GgufBytes().tensorAt(0, "t", type, 256),
        "tensor 't'",
        name,
        "F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, BF16, MXFP4");
  }

  @Test
  void namesTheKeyThatIsMissingOrOfAnotherType() {
    Metadata metadata =
        new GgufBytes().text("a", "x").put("n", o -> o.int32(5).int32(-1)).parse().metadata();
    assertThatThrownBy(() -> metadata.count("b"))
        .isInstanceOf(GgufException.class)
        .hasMessageContaining("key 'b' is missing");
    assertThatThrownBy(() -> metadata.count("a"))
        .isInstanceOf(GgufException.class)
        .hasMessageContaining("key 'a' should be an integer and is STRING");
    assertThatThrownBy(() -> metadata.count("n"))
        .isInstanceOf(GgufException.class)
        .hasMessageContaining("key 'n' is -1");
    assertThatThrownBy(() -> metadata.array("a")).isInstanceOf(GgufException.class);
    assertThatThrownBy(() -> metadata.number("n")).isInstanceOf(GgufException.class);
  }

  @Test
  void messagesShowNoControlCharactersAndEndSomewhere() {
    assertThat(GgufException.quoted("a\u001b[2Jb")).isEqualTo("'a?[2Jb'");
    assertThat(GgufException.quoted("x".repeat(1000))).hasSize(85).endsWith("...'");
  }

  private static void refused(GgufBytes file, String... words) {
    refused(file.segment(), words);
  }

  private static void refused(GgufBytes.Out header, String... words) {
    refused(MemorySegment.ofArray(header.written()), words);
  }

  private static void refused(MemorySegment file, String... words) {
    assertThatThrownBy(() -> GgufFile.parse(file))
        .isInstanceOf(GgufException.class)
        .hasMessageContainingAll(words);
  }
}
