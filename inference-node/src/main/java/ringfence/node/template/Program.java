package ringfence.node.template;

import java.util.List;
import java.util.Map;

/// A parsed Jinja template. Immutable and safe for any number of threads.
final class Program {
  private final Source source;
  private final List<Statement> body;
  private final TemplateLimits limits;

  private Program(Source source, List<Statement> body, TemplateLimits limits) {
    this.source = source;
    this.body = body;
    this.limits = limits;
  }

  /// @throws TemplateException if it is malformed, too large or has an unsupported statement
  static Program parse(String text, TemplateLimits limits) {
    Source source = Source.of(text);
    return new Program(source, Parser.parse(source, limits), limits);
  }

  /// Runs the template.
  ///
  /// @param variables what the template sees beside the built-in functions
  /// @throws TemplateException with the place in the template
  Text render(Map<String, Value> variables) {
    Evaluator evaluator = new Evaluator(new Budget(limits));
    Scope root = Scope.root(Functions.BUILT_IN);
    variables.forEach(root::set);
    try {
      return new Renderer(evaluator).render(body, root);
    } catch (RenderFailure failure) {
      throw source.failure(failure.kind(), failure.reason(), evaluator.position());
    }
  }

  /// Whether this piece of text is anywhere in the template.
  boolean mentions(String piece) {
    return source.text().contains(piece);
  }
}
