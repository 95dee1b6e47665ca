package ringfence.node.template;

import java.util.List;

/// Runs statements during one rendering.
final class Renderer {
  private final Evaluator evaluator;
  private final Budget budget;

  Renderer(Evaluator evaluator) {
    this.evaluator = evaluator;
    this.budget = evaluator.budget();
  }

  /// How a statement ended.
  private enum Flow {
    ON,
    BREAK,
    CONTINUE
  }

  Text render(List<Statement> body, Scope scope) {
    TextBuilder out = new TextBuilder(budget);
    run(body, scope, out);
    return out.toText();
  }

  private Flow run(List<Statement> body, Scope scope, TextBuilder out) {
    budget.enter();
    Flow flow = Flow.ON;
    for (int i = 0; i < body.size() && flow == Flow.ON; i++) {
      budget.spend(1);
      flow = run(body.get(i), scope, out);
    }
    budget.leave();
    return flow;
  }

  private Flow run(Statement statement, Scope scope, TextBuilder out) {
    switch (statement) {
      case Statement.Data data -> out.append(data.text());
      case Statement.Output output ->
          PythonText.write(evaluator.evaluate(output.value(), scope), out);
      case Statement.Set set ->
          assign(set.target(), evaluator.evaluate(set.value(), scope), scope, scope);
      case Statement.SetBlock set -> {
        Value value = filtered(set.filters(), render(set.body(), scope.inner()), scope);
        assign(set.target(), value, scope, scope);
      }
      case Statement.If conditional -> {
        return conditional(conditional, scope, out);
      }
      case Statement.For loop -> loop(loop, scope, out);
      case Statement.Macro macro ->
          scope.set(
              macro.signature().name(), new Macro(macro.signature(), macro.body(), scope, this));
      case Statement.CallBlock block -> {
        Macro caller = new Macro(block.signature(), block.body(), scope, this);
        PythonText.write(evaluator.call(block.call(), scope, caller), out);
      }
      case Statement.FilterBlock block -> {
        Text body = render(block.body(), scope.inner());
        PythonText.write(filtered(block.filters(), body, scope), out);
      }
      case Statement.Generation generation -> {
        return run(generation.body(), scope, out);
      }
      case Statement.With with -> {
        Scope inner = scope.inner();
        for (Statement.Set variable : with.variables()) {
          assign(variable.target(), evaluator.evaluate(variable.value(), scope), inner, inner);
        }
        return run(with.body(), inner, out);
      }
      case Statement.Break end -> {
        return Flow.BREAK;
      }
      case Statement.Continue next -> {
        return Flow.CONTINUE;
      }
    }
    return Flow.ON;
  }

  private Value filtered(List<Expression.Filter> filters, Value start, Scope scope) {
    Value value = start;
    for (Expression.Filter filter : filters) {
      value = evaluator.filter(filter, value, scope);
    }
    return value;
  }

  private Flow conditional(Statement.If conditional, Scope scope, TextBuilder out) {
    for (Statement.Branch branch : conditional.branches()) {
      if (evaluator.evaluate(branch.test(), scope).truthy()) {
        return run(branch.body(), scope, out);
      }
    }
    return run(conditional.otherwise(), scope, out);
  }

  private void loop(Statement.For loop, Scope scope, TextBuilder out) {
    List<Value> items = Sequences.elements(evaluator.evaluate(loop.items(), scope), budget);
    Expression filter = loop.filter();
    if (filter != null) {
      items =
          items.stream()
              .filter(item -> {
                Scope inner = scope.inner();
                assign(loop.target(), item, inner, scope);
                return evaluator.evaluate(filter, inner).truthy();
              })
              .toList();
    }
    if (items.isEmpty()) {
      run(loop.otherwise(), scope.inner(), out);
      return;
    }
    int outerDepth = scope.get("loop") instanceof Loop outer ? outer.depth() : 0;
    Loop state = new Loop(items, outerDepth + 1);
    for (int i = 0; i < items.size(); i++) {
      budget.spend(1);
      state.moveTo(i);
      Scope inner = scope.inner();
      inner.set("loop", state);
      assign(loop.target(), items.get(i), inner, scope);
      if (run(loop.body(), inner, out) == Flow.BREAK) {
        return;
      }
    }
  }

  /// Puts a value where a target says.
  ///
  /// @param into gets plain names
  /// @param reading where a namespace is looked up
  private void assign(Statement.Target target, Value value, Scope into, Scope reading) {
    switch (target) {
      case Statement.NameTarget name -> into.set(name.name(), value);
      case Statement.AttributeTarget attribute -> {
        if (!(reading.get(attribute.namespace()) instanceof Namespace namespace)) {
          throw RenderFailure.failed(
              "'" + attribute.namespace() + "' is no namespace: cannot set its attribute");
        }
        namespace.set(attribute.attribute(), value);
      }
      case Statement.TupleTarget tuple -> {
        List<Value> parts = Sequences.elements(value, budget);
        if (parts.size() != tuple.targets().size()) {
          throw RenderFailure.failed(
              "cannot unpack " + parts.size() + " values into " + tuple.targets().size());
        }
        for (int i = 0; i < parts.size(); i++) {
          assign(tuple.targets().get(i), parts.get(i), into, reading);
        }
      }
    }
  }

  Evaluator evaluator() {
    return evaluator;
  }
}
