package ringfence.node.template;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Works out expressions during one rendering.
final class Evaluator {
  private final Budget budget;
  private int position;

  Evaluator(Budget budget) {
    this.budget = budget;
  }

  Budget budget() {
    return budget;
  }

  /// Where in the template the work is, for error messages.
  int position() {
    return position;
  }

  Value evaluate(Expression expression, Scope scope) {
    budget.enter();
    budget.spend(1);
    position = expression.at();
    Value value =
        switch (expression) {
          case Expression.Literal literal -> literal.value();
          case Expression.Name name -> variable(name, scope);
          case Expression.ListLiteral list -> list(list, scope);
          case Expression.DictLiteral dict -> dict(dict, scope);
          case Expression.Attribute attribute -> {
            Value target = evaluate(attribute.target(), scope);
            position = attribute.at();
            yield Lookup.attribute(target, attribute.name());
          }
          case Expression.Item item -> {
            Value target = evaluate(item.target(), scope);
            Value index = evaluate(item.index(), scope);
            position = item.at();
            yield Lookup.item(target, index);
          }
          case Expression.Slice slice -> slice(slice, scope);
          case Expression.Call call -> call(call, scope, null);
          case Expression.Filter filter -> {
            Expression input = filter.input();
            if (input == null) {
              throw RenderFailure.failed("filter without input");
            }
            yield filter(filter, evaluate(input, scope), scope);
          }
          case Expression.Test test -> {
            Value input = evaluate(test.input(), scope);
            Arguments arguments = arguments(test.arguments(), scope);
            position = test.at();
            yield Value.Bool.of(Tests.run(test.name(), input, arguments, this));
          }
          case Expression.Unary unary -> {
            Value operand = evaluate(unary.operand(), scope);
            position = unary.at();
            yield unary.operator() == '-' ? Numbers.negate(operand) : Numbers.plus(operand);
          }
          case Expression.Binary binary -> {
            Value left = evaluate(binary.left(), scope);
            Value right = evaluate(binary.right(), scope);
            position = binary.at();
            yield Operators.apply(binary.operator(), left, right, budget);
          }
          case Expression.Not not -> Value.Bool.of(!evaluate(not.operand(), scope).truthy());
          case Expression.Logical logical -> {
            Value left = evaluate(logical.left(), scope);
            yield left.truthy() == logical.and() ? evaluate(logical.right(), scope) : left;
          }
          case Expression.Compare compare -> compare(compare, scope);
          case Expression.Concat concat -> {
            TextBuilder all = new TextBuilder(budget);
            for (Expression part : concat.parts()) {
              Value next = evaluate(part, scope);
              position = concat.at();
              PythonText.write(next, all);
            }
            yield all.toText();
          }
          case Expression.Conditional conditional -> conditional(conditional, scope);
        };
    budget.leave();
    return value;
  }

  private static Value variable(Expression.Name name, Scope scope) {
    Value value = scope.get(name.name());
    return value != null ? value : new Value.Undefined("'" + name.name() + "' is undefined");
  }

  private Value list(Expression.ListLiteral list, Scope scope) {
    List<Value> values = new ArrayList<>(list.items().size());
    for (Expression item : list.items()) {
      values.add(evaluate(item, scope));
    }
    return new Value.Items(values, list.tuple() ? Value.Items.Kind.TUPLE : Value.Items.Kind.LIST);
  }

  private Value dict(Expression.DictLiteral literal, Scope scope) {
    Dict dict = new Dict();
    for (Expression.Pair pair : literal.pairs()) {
      Value key = evaluate(pair.key(), scope);
      Value value = evaluate(pair.value(), scope);
      position = literal.at();
      dict.put(key, value);
    }
    return dict;
  }

  private Value slice(Expression.Slice slice, Scope scope) {
    Value target = evaluate(slice.target(), scope);
    Value from = evaluateOrNone(slice.from(), scope);
    Value to = evaluateOrNone(slice.to(), scope);
    Value step = evaluateOrNone(slice.step(), scope);
    position = slice.at();
    return Lookup.slice(target, from, to, step, budget);
  }

  private Value evaluateOrNone(@Nullable Expression expression, Scope scope) {
    return expression == null ? Value.None.NONE : evaluate(expression, scope);
  }

  private Value compare(Expression.Compare compare, Scope scope) {
    Value left = evaluate(compare.first(), scope);
    for (Expression.Step step : compare.steps()) {
      Value right = evaluate(step.operand(), scope);
      position = compare.at();
      if (!Comparing.holds(step.operator(), left, right, budget)) {
        return Value.Bool.FALSE;
      }
      left = right;
    }
    return Value.Bool.TRUE;
  }

  private Value conditional(Expression.Conditional conditional, Scope scope) {
    if (evaluate(conditional.test(), scope).truthy()) {
      return evaluate(conditional.then(), scope);
    }
    Expression otherwise = conditional.otherwise();
    return otherwise == null
        ? new Value.Undefined("the inline if has no else and its condition was false")
        : evaluate(otherwise, scope);
  }

  /// Calls a function, method or macro.
  ///
  /// @param caller what a call block passes in as `caller`
  Value call(Expression.Call call, Scope scope, Value.@Nullable Callable caller) {
    Value function = evaluate(call.function(), scope);
    Arguments arguments = arguments(call.arguments(), scope);
    position = call.at();
    if (caller != null) {
      Map<String, Value> named = new HashMap<>(arguments.named());
      named.put("caller", caller);
      arguments = new Arguments(arguments.positional(), named);
    }
    return switch (function) {
      case Value.Callable callable -> callable.call(this, arguments);
      case Value.Undefined undefined -> throw RenderFailure.failed(undefined.reason());
      default -> throw RenderFailure.failed("a " + function.typeName() + " cannot be called");
    };
  }

  /// Applies a filter of the template's text to a value.
  Value filter(Expression.Filter filter, Value input, Scope scope) {
    Arguments arguments = arguments(filter.arguments(), scope);
    position = filter.at();
    return Filters.run(filter.name(), input, arguments, this);
  }

  private Arguments arguments(Expression.CallArguments unevaluated, Scope scope) {
    if (unevaluated.none()) {
      return Arguments.NONE;
    }
    List<Value> positional = new ArrayList<>(unevaluated.positional().size());
    for (Expression argument : unevaluated.positional()) {
      positional.add(evaluate(argument, scope));
    }
    Map<String, Value> named = new LinkedHashMap<>();
    for (Expression.NamedArgument argument : unevaluated.named()) {
      named.put(argument.name(), evaluate(argument.value(), scope));
    }
    Expression star = unevaluated.star();
    if (star != null) {
      positional.addAll(Sequences.elements(evaluate(star, scope), budget));
    }
    Expression doubleStar = unevaluated.doubleStar();
    if (doubleStar != null) {
      if (!(evaluate(doubleStar, scope) instanceof Dict dict)) {
        throw RenderFailure.failed("only a dict can follow '**'");
      }
      for (Dict.Entry entry : dict.entries()) {
        // Names lose their marks here, so they have to be the template's own.
        if (!(entry.key() instanceof Text name) || !name.allTrusted()) {
          throw RenderFailure.failed("names of arguments cannot come from outside");
        }
        named.put(name.chars(), entry.value());
      }
    }
    return new Arguments(positional, named);
  }
}
