package ringfence.node.template;

import java.math.BigInteger;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What an expression of a template is worth; the types and their behaviour are Python's, as
/// templates are written for.
sealed interface Value
    permits Text,
        Dict,
        Value.Int,
        Value.Real,
        Value.Bool,
        Value.None,
        Value.Undefined,
        Value.Items,
        Value.Thing {

  /// Python's name of the type, for error messages.
  String typeName();

  /// Counts as true in a condition.
  boolean truthy();

  /// An integer of any size.
  ///
  /// @param trusted the template computed it from its own numbers; its digits may be part of a
  ///   special token's spelling
  record Int(BigInteger value, boolean trusted) implements Value {
    static Int of(long value) {
      return new Int(BigInteger.valueOf(value), true);
    }

    @Override
    public String typeName() {
      return "int";
    }

    @Override
    public boolean truthy() {
      return value.signum() != 0;
    }
  }

  /// A floating-point number; `trusted` as in [Int].
  record Real(double value, boolean trusted) implements Value {
    @Override
    public String typeName() {
      return "float";
    }

    @Override
    public boolean truthy() {
      return value != 0;
    }
  }

  /// True or false.
  enum Bool implements Value {
    FALSE,
    TRUE;

    static Bool of(boolean value) {
      return value ? TRUE : FALSE;
    }

    @Override
    public String typeName() {
      return "bool";
    }

    @Override
    public boolean truthy() {
      return this == TRUE;
    }
  }

  /// Python's None.
  enum None implements Value {
    NONE;

    @Override
    public String typeName() {
      return "NoneType";
    }

    @Override
    public boolean truthy() {
      return false;
    }
  }

  /// A name, key or position that is not there: empty when printed or looped over, an error when
  /// used otherwise.
  record Undefined(String reason) implements Value {
    @Override
    public String typeName() {
      return "Undefined";
    }

    @Override
    public boolean truthy() {
      return false;
    }
  }

  /// A sequence of values. Only a [Kind#LIST] is ever changed, and only by `append`, `insert`,
  /// `extend` and `pop`.
  record Items(List<Value> values, Kind kind) implements Value {
    /// Python's kinds of sequences, which print and count differently.
    enum Kind {
      LIST,
      TUPLE,
      /// What lazy filters return: can be looped over, always true, has no length.
      GENERATOR,
      /// A dictionary's keys, values or items: has a length but no positions.
      VIEW
    }

    static Items list(List<Value> values) {
      return new Items(values, Kind.LIST);
    }

    static Items tuple(Value... values) {
      return new Items(List.of(values), Kind.TUPLE);
    }

    static Items generator(List<Value> values) {
      return new Items(values, Kind.GENERATOR);
    }

    static Items view(List<Value> values) {
      return new Items(values, Kind.VIEW);
    }

    @Override
    public String typeName() {
      return switch (kind) {
        case LIST -> "list";
        case TUPLE -> "tuple";
        case GENERATOR -> "generator";
        case VIEW -> "dict view";
      };
    }

    @Override
    public boolean truthy() {
      return kind == Kind.GENERATOR || !values.isEmpty();
    }
  }

  /// Something with named attributes and no other behaviour: `loop`, a namespace, a macro.
  non-sealed interface Thing extends Value {
    /// The attribute, or null where there is none.
    @Nullable Value attribute(String name);

    @Override
    default boolean truthy() {
      return true;
    }
  }

  /// A macro, a method or a function.
  interface Callable extends Thing {
    Value call(Evaluator evaluator, Arguments arguments);

    @Override
    default @Nullable Value attribute(String name) {
      return null;
    }

    @Override
    default String typeName() {
      return "function";
    }
  }
}
