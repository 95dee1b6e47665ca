package ringfence.node.template;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A macro, or the body of a call block, with the variables around its definition.
final class Macro implements Value.Callable {
  private final Statement.Signature signature;
  private final List<Statement> body;
  private final Scope definedIn;
  private final Renderer renderer;

  Macro(Statement.Signature signature, List<Statement> body, Scope definedIn, Renderer renderer) {
    this.signature = signature;
    this.body = body;
    this.definedIn = definedIn;
    this.renderer = renderer;
  }

  @Override
  public Value call(Evaluator evaluator, Arguments arguments) {
    Scope scope = definedIn.inner();
    List<Statement.Parameter> parameters = signature.parameters();
    List<Value> given = arguments.positional();
    Map<String, Value> named = new HashMap<>(arguments.named());
    Value caller = named.remove("caller");
    scope.set("caller", caller != null ? caller : new Value.Undefined("No caller defined"));
    for (int i = 0; i < parameters.size(); i++) {
      Statement.Parameter parameter = parameters.get(i);
      Value byName = named.remove(parameter.name());
      Expression standard = parameter.standard();
      Value value;
      if (i < given.size()) {
        if (byName != null) {
          throw failure("got '" + parameter.name() + "' twice");
        }
        value = given.get(i);
      } else if (byName != null) {
        value = byName;
      } else if (standard != null) {
        value = evaluator.evaluate(standard, scope);
      } else {
        value = new Value.Undefined("parameter '" + parameter.name() + "' was not provided");
      }
      scope.set(parameter.name(), value);
    }
    surplus(scope, given, named);
    return renderer.render(body, scope);
  }

  private void surplus(Scope scope, List<Value> given, Map<String, Value> named) {
    int parameters = signature.parameters().size();
    if (signature.takesMore()) {
      List<Value> more = given.subList(Math.min(parameters, given.size()), given.size());
      scope.set("varargs", new Value.Items(List.copyOf(more), Items.Kind.TUPLE));
    } else if (given.size() > parameters) {
      throw failure("takes at most " + parameters + " arguments, got " + given.size());
    }
    if (signature.takesNamed()) {
      Dict more = new Dict();
      named.forEach(more::put);
      scope.set("kwargs", more);
    } else if (!named.isEmpty()) {
      throw failure("got an unknown named argument");
    }
  }

  private RenderFailure failure(String reason) {
    return RenderFailure.failed("macro '" + signature.name() + "' " + reason);
  }

  @Override
  public @Nullable Value attribute(String name) {
    return name.equals("name") ? Text.trusted(signature.name()) : null;
  }

  @Override
  public String typeName() {
    return "Macro";
  }
}
