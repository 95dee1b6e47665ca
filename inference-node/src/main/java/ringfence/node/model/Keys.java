package ringfence.node.model;

import org.jspecify.annotations.Nullable;
import ringfence.node.gguf.GgufException;
import ringfence.node.gguf.Metadata;
import ringfence.node.gguf.MetadataArray;
import ringfence.node.gguf.MetadataValue;

/// The keys of one architecture: `context_length` stands for `llama.context_length`. Checks ranges,
/// so that no later arithmetic meets a zero, a NaN or an overflow.
final class Keys {
  private final Metadata metadata;
  private final String prefix;

  Keys(Metadata metadata, String architecture) {
    this.metadata = metadata;
    this.prefix = architecture + ".";
  }

  Metadata metadata() {
    return metadata;
  }

  boolean contains(String key) {
    return metadata.contains(prefix + key);
  }

  String text(String key, String otherwise) {
    return metadata.text(prefix + key, otherwise);
  }

  /// An integer from 1 to `most`.
  int count(String key, int most) {
    return inRange(key, metadata.count(prefix + key), 1, most);
  }

  /// An integer from `least` to `most`, or `otherwise`.
  int count(String key, int least, int most, int otherwise) {
    return contains(key) ? inRange(key, metadata.count(prefix + key), least, most) : otherwise;
  }

  private int inRange(String key, long value, int least, int most) {
    if (value < least || value > most) {
      throw problem(key, "is " + value + "; it should be " + least + " to " + most);
    }
    return (int) value;
  }

  /// An integer from 1 to `most` that the file may give once or for each layer; layers that differ
  /// are refused.
  int uniformCount(String key, int most, int layers) {
    if (!(metadata.find(prefix + key) instanceof MetadataValue.Elements(MetadataArray array))) {
      return count(key, most);
    }
    if (array.size() < layers) {
      throw problem(key, "has " + array.size() + " entries for " + layers + " layers");
    }
    long first = array.integer(0);
    for (int layer = 1; layer < layers; layer++) {
      if (array.integer(layer) != first) {
        throw problem(
            key,
            "is "
                + array.integer(layer)
                + " in layer "
                + layer
                + " and "
                + first
                + " in layer 0; models whose layers differ in this are not supported");
      }
    }
    return inRange(key, first, 1, most);
  }

  /// A finite number greater than 0, or `otherwise`.
  float positive(String key, float otherwise) {
    return contains(key) ? positive(key) : otherwise;
  }

  /// A finite number greater than 0.
  float positive(String key) {
    float number = metadata.number(prefix + key);
    if (!(number > 0 && Float.isFinite(number))) {
      throw problem(key, "is " + number + "; it should be greater than 0");
    }
    return number;
  }

  @Nullable MetadataValue find(String key) {
    return metadata.find(prefix + key);
  }

  /// Refuses a key that asks for arithmetic which is not done here, unless its value asks for none.
  void refuse(String key, double harmless, String why) {
    MetadataValue value = metadata.find(prefix + key);
    boolean asks =
        switch (value) {
          case null -> false;
          case MetadataValue.Whole whole -> whole.value() != (long) harmless;
          case MetadataValue.Fraction fraction -> fraction.value() != harmless;
          case MetadataValue.Flag flag -> true;
          case MetadataValue.Text text -> true;
          case MetadataValue.Elements elements -> true;
        };
    if (asks) {
      throw problem(key, "is " + value + ": " + why + " not supported");
    }
  }

  GgufException problem(String key, String what) {
    return new GgufException("key " + GgufException.quoted(prefix + key) + " " + what);
  }
}
