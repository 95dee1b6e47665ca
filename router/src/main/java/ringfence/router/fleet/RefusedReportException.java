package ringfence.router.fleet;

import ringfence.proto.v1.Failure;
import ringfence.router.Failures;

/// A node's report is malformed; its stream ends with the failure, which names the field.
public final class RefusedReportException extends Exception {
  private static final long serialVersionUID = 1L;
  private final transient Failure failure;

  RefusedReportException(String field, String problem) {
    super(field + ": " + problem);
    this.failure = Failures.invalid(field, field + ": " + problem);
  }

  RefusedReportException(Failure failure) {
    super(failure.getMessage());
    this.failure = failure;
  }

  /// What the node is told.
  public Failure failure() {
    return failure;
  }
}
