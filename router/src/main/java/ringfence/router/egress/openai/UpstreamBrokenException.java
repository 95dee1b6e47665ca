package ringfence.router.egress.openai;

import ringfence.proto.v1.Failure;

/// An upstream's answer can't go on.
public final class UpstreamBrokenException extends Exception {
  private static final long serialVersionUID = 1L;
  private final transient Failure failure;

  UpstreamBrokenException(Failure failure) {
    super(failure.getMessage());
    this.failure = failure;
  }

  /// Why; nothing of the answer.
  public Failure failure() {
    return failure;
  }
}
