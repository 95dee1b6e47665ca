package ringfence.node.compute;

import org.jspecify.annotations.Nullable;

/// A backend that failed for a reason that is not its batch's: what was to be computed can be
/// computed again.
public final class BackendFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  /// What to do about it.
  public enum Kind {
    /// All pages' contents are gone, and nothing works before [Backend#restart].
    LOST,
    /// The pass was not computed; pages are as they were. A smaller one may go.
    OUT_OF_MEMORY
  }

  private final Kind kind;

  public BackendFailure(Kind kind, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
