package ringfence.node.template;

import java.util.List;
import ringfence.node.template.Token.Kind;

/// Walks over a template's tokens.
final class TokenCursor {
  private final Source source;
  private final List<Token> tokens;
  private final TemplateLimits limits;
  private int next;
  private int depth;

  TokenCursor(Source source, List<Token> tokens, TemplateLimits limits) {
    this.source = source;
    this.tokens = tokens;
    this.limits = limits;
  }

  Token peek() {
    return tokens.get(next);
  }

  Token peekAfter() {
    return tokens.get(Math.min(next + 1, tokens.size() - 1));
  }

  Token take() {
    Token token = tokens.get(next);
    if (token.kind() != Kind.END) {
      next++;
    }
    return token;
  }

  boolean at(Kind kind) {
    return peek().kind() == kind;
  }

  boolean atName(String name) {
    return peek().isName(name);
  }

  boolean atOperator(String operator) {
    return peek().isOperator(operator);
  }

  boolean skipName(String name) {
    boolean there = atName(name);
    if (there) {
      next++;
    }
    return there;
  }

  boolean skipOperator(String operator) {
    boolean there = atOperator(operator);
    if (there) {
      next++;
    }
    return there;
  }

  Token expect(Kind kind) {
    if (!at(kind)) {
      throw syntax("expected " + kind.words() + ", found " + peek().words());
    }
    return take();
  }

  void expectOperator(String operator) {
    if (!skipOperator(operator)) {
      throw syntax("expected '" + operator + "', found " + peek().words());
    }
  }

  void expectName(String name) {
    if (!skipName(name)) {
      throw syntax("expected '" + name + "', found " + peek().words());
    }
  }

  /// Counts nesting, so that no template can exhaust the stack.
  void enter() {
    if (++depth > limits.parseDepth()) {
      throw source.failure(
          TemplateException.Kind.LIMIT,
          "nested deeper than " + limits.parseDepth() + " levels",
          peek().at());
    }
  }

  void leave() {
    depth--;
  }

  TemplateException syntax(String reason) {
    return source.syntax(reason, peek().at());
  }

  Source source() {
    return source;
  }
}
