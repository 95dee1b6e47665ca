package ringfence.router.policy;

import ringfence.proto.v1.Failure;

/// An attempt may not leave for the target it was placed on.
public final class GrantDeniedException extends RuntimeException {
  private final transient Failure failure;
  private final boolean elsewhere;

  GrantDeniedException(Failure failure, boolean elsewhere) {
    super(failure.getMessage(), null, false, false);
    this.failure = failure;
    this.elsewhere = elsewhere;
  }

  /// What the client is told where nothing else can be done.
  public Failure failure() {
    return failure;
  }

  /// Whether it may leave for another target.
  public boolean mayGoElsewhere() {
    return elsewhere;
  }
}
