package ringfence.node.engine;

/// Why the engine refused or gave up a task. The message holds no content.
public final class EngineException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final Reason reason;

  public EngineException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  /// What kind of failure.
  public Reason reason() {
    return reason;
  }

  /// Kinds of failure.
  public enum Reason {
    INVALID_REQUEST,
    /// Prompt and answer do not fit the model's context.
    CONTEXT_LENGTH_EXCEEDED,
    /// The prompt alone is longer than the whole KV cache.
    PROMPT_EXCEEDS_KV_BUDGET,
    /// The bounded queue is full; another node or a later moment may do.
    NO_CAPACITY,
    DEADLINE_EXCEEDED,
    SHUTTING_DOWN,
    INTERNAL
  }
}
