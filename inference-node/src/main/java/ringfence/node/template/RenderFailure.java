package ringfence.node.template;

/// A failure inside an operation that does not know where in the template it is; [Program] adds the
/// place. Never leaves this package.
final class RenderFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final TemplateException.Kind kind;
  private final String reason;

  RenderFailure(TemplateException.Kind kind, String reason) {
    super(reason, null, false, false);
    this.kind = kind;
    this.reason = reason;
  }

  static RenderFailure failed(String reason) {
    return new RenderFailure(TemplateException.Kind.FAILED, reason);
  }

  static RenderFailure unsupported(String reason) {
    return new RenderFailure(TemplateException.Kind.UNSUPPORTED, reason);
  }

  TemplateException.Kind kind() {
    return kind;
  }

  String reason() {
    return reason;
  }
}
