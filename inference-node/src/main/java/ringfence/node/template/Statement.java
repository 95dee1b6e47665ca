package ringfence.node.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A node of a template's syntax tree that writes output or changes variables.
sealed interface Statement {

  /// Text outside all tags.
  record Data(Text text) implements Statement {}

  /// `{{ value }}`
  record Output(Expression value) implements Statement {}

  record Set(Target target, Expression value) implements Statement {}

  /// `{% set target | filter %}body{% endset %}`
  record SetBlock(Target target, List<Expression.Filter> filters, List<Statement> body)
      implements Statement {}

  record If(List<Branch> branches, List<Statement> otherwise) implements Statement {}

  record Branch(Expression test, List<Statement> body) {}

  record For(
      Target target,
      Expression items,
      @Nullable Expression filter,
      List<Statement> body,
      List<Statement> otherwise)
      implements Statement {}

  record Macro(Signature signature, List<Statement> body) implements Statement {}

  /// What a macro or a call block takes.
  ///
  /// @param takesMore the body uses `varargs`: more positional arguments are welcome
  /// @param takesNamed the body uses `kwargs`
  record Signature(
      String name, List<Parameter> parameters, boolean takesMore, boolean takesNamed) {}

  record Parameter(String name, @Nullable Expression standard) {}

  /// `{% call(parameters) macro(...) %}body{% endcall %}`
  record CallBlock(Signature signature, Expression.Call call, List<Statement> body)
      implements Statement {}

  record FilterBlock(List<Expression.Filter> filters, List<Statement> body) implements Statement {}

  /// `{% generation %}`: marks what the model is trained on; here only its body matters.
  record Generation(List<Statement> body) implements Statement {}

  record With(List<Set> variables, List<Statement> body) implements Statement {}

  record Break() implements Statement {}

  record Continue() implements Statement {}

  /// Where a value goes.
  sealed interface Target {}

  record NameTarget(String name) implements Target {}

  /// `namespace.attribute`
  record AttributeTarget(String namespace, String attribute, int at) implements Target {}

  record TupleTarget(List<Target> targets, int at) implements Target {}
}
