package ringfence.node.gguf;

import java.util.Collections;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A file's key-value pairs, in the file's order, with typed access. A value of another type than
/// asked for is a [GgufException] that names the key; integers of any width are integers, and
/// `FLOAT32` and `FLOAT64` are both numbers.
public final class Metadata {
  private final Map<String, MetadataValue> values;

  /// @param values in the file's order; not copied
  Metadata(Map<String, MetadataValue> values) {
    this.values = Collections.unmodifiableMap(values);
  }

  /// All keys, in the file's order.
  public Set<String> keys() {
    return values.keySet();
  }

  /// The file has this key.
  public boolean contains(String key) {
    return values.containsKey(key);
  }

  /// The value of a key, of whatever type, or null.
  public @Nullable MetadataValue find(String key) {
    return values.get(key);
  }

  /// A string.
  ///
  /// @throws GgufException when the key is missing or no string
  public String text(String key) {
    return required(key, MetadataValue.Text.class, "a string").text();
  }

  /// A string, or `otherwise` where the key is missing.
  ///
  /// @throws GgufException when the key is there and no string
  public String text(String key, String otherwise) {
    MetadataValue.Text text = optional(key, MetadataValue.Text.class, "a string");
    return text == null ? otherwise : text.text();
  }

  /// A number of things: an integer from 0 to 2^31 - 1.
  ///
  /// @throws GgufException when the key is missing, no integer or out of range
  public int count(String key) {
    return range(key, required(key, MetadataValue.Whole.class, "an integer"));
  }

  /// A number of things, as [#count(String)].
  ///
  /// @throws GgufException when the key is there and no integer or out of range
  public int count(String key, int otherwise) {
    MetadataValue.Whole whole = optional(key, MetadataValue.Whole.class, "an integer");
    return whole == null ? otherwise : range(key, whole);
  }

  private static int range(String key, MetadataValue.Whole whole) {
    if (whole.value() < 0 || whole.value() > Integer.MAX_VALUE) {
      throw new GgufException(
          named(key) + " is " + whole + "; it should be 0 to " + Integer.MAX_VALUE);
    }
    return (int) whole.value();
  }

  /// A floating-point number.
  ///
  /// @throws GgufException when the key is missing or no floating-point number
  public float number(String key) {
    return (float) required(key, MetadataValue.Fraction.class, "a floating-point number").value();
  }

  /// A floating-point number, or `otherwise` where the key is missing.
  ///
  /// @throws GgufException when the key is there and no floating-point number
  public float number(String key, float otherwise) {
    MetadataValue.Fraction fraction =
        optional(key, MetadataValue.Fraction.class, "a floating-point number");
    return fraction == null ? otherwise : (float) fraction.value();
  }

  /// A truth value, or `otherwise` where the key is missing.
  ///
  /// @throws GgufException when the key is there and no bool
  public boolean flag(String key, boolean otherwise) {
    MetadataValue.Flag flag = optional(key, MetadataValue.Flag.class, "a bool");
    return flag == null ? otherwise : flag.value();
  }

  /// An array.
  ///
  /// @throws GgufException when the key is missing or no array
  public MetadataArray array(String key) {
    return required(key, MetadataValue.Elements.class, "an array").array();
  }

  /// The array of a key, or null.
  ///
  /// @throws GgufException when the key is there and no array
  public @Nullable MetadataArray findArray(String key) {
    MetadataValue.Elements elements = optional(key, MetadataValue.Elements.class, "an array");
    return elements == null ? null : elements.array();
  }

  private <V extends MetadataValue> V required(String key, Class<V> wanted, String kind) {
    V value = optional(key, wanted, kind);
    if (value == null) {
      throw new GgufException(
          named(key) + " is missing; the file is incomplete, or no model of a kind known here");
    }
    return value;
  }

  private <V extends MetadataValue> @Nullable V optional(String key, Class<V> wanted, String kind) {
    MetadataValue value = values.get(key);
    if (value == null) {
      return null;
    }
    if (!wanted.isInstance(value)) {
      throw new GgufException(named(key) + " should be " + kind + " and is " + value.type());
    }
    return wanted.cast(value);
  }

  private static String named(String key) {
    return "key " + GgufException.quoted(key);
  }
}
