package ringfence.node.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A dictionary in insertion order. Keys are equal as in Python: by characters, or by number
/// whatever its type.
final class Dict implements Value {
  private final Map<Object, Entry> entries = new LinkedHashMap<>();

  /// A key with its marks and its value.
  record Entry(Value key, Value value) {}

  @Nullable Value get(Value key) {
    Entry entry = entries.get(identity(key));
    return entry == null ? null : entry.value();
  }

  @Nullable Value get(String key) {
    Entry entry = entries.get(key);
    return entry == null ? null : entry.value();
  }

  /// Sets a value; a key that is already there keeps its place and its marks.
  Dict put(Value key, Value value) {
    entries.merge(
        identity(key), new Entry(key, value), (old, added) -> new Entry(old.key(), added.value()));
    return this;
  }

  /// Sets a value under a name of ours.
  Dict put(String key, Value value) {
    return put(Text.trusted(key), value);
  }

  @Nullable Value remove(Value key) {
    Entry entry = entries.remove(identity(key));
    return entry == null ? null : entry.value();
  }

  boolean contains(Value key) {
    return entries.containsKey(identity(key));
  }

  int size() {
    return entries.size();
  }

  Iterable<Entry> entries() {
    return entries.values();
  }

  List<Value> keys() {
    List<Value> keys = new ArrayList<>(entries.size());
    entries.values().forEach(entry -> keys.add(entry.key()));
    return keys;
  }

  List<Value> values() {
    List<Value> values = new ArrayList<>(entries.size());
    entries.values().forEach(entry -> values.add(entry.value()));
    return values;
  }

  List<Value> items() {
    List<Value> items = new ArrayList<>(entries.size());
    entries.values().forEach(entry -> items.add(Items.tuple(entry.key(), entry.value())));
    return items;
  }

  /// An object that equals another's exactly when the values are equal as keys.
  static Object identity(Value key) {
    return switch (key) {
      case Text text -> text.chars();
      case Int number -> number.value();
      case Bool flag -> flag == Bool.TRUE ? BigInteger.ONE : BigInteger.ZERO;
      case Real number -> identity(number.value());
      case None none -> none;
      case Items items when items.kind() == Items.Kind.TUPLE -> {
        List<Object> parts = new ArrayList<>(items.values().size());
        items.values().forEach(part -> parts.add(identity(part)));
        yield parts;
      }
      case Thing thing -> thing;
      case Items items -> throw unhashable(items);
      case Dict dict -> throw unhashable(dict);
      case Undefined undefined -> throw RenderFailure.failed(undefined.reason());
    };
  }

  private static Object identity(double number) {
    return Double.isFinite(number) && number == Math.rint(number)
        ? new BigDecimal(number).toBigInteger()
        : (Object) number;
  }

  private static RenderFailure unhashable(Value key) {
    return RenderFailure.failed("a " + key.typeName() + " cannot be a key");
  }

  @Override
  public String typeName() {
    return "dict";
  }

  @Override
  public boolean truthy() {
    return !entries.isEmpty();
  }
}
