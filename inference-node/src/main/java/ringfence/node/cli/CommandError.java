package ringfence.node.cli;

import java.nio.file.NoSuchFileException;

/// What a person reads when a command fails.
final class CommandError {

  private CommandError() {}

  /// The failure in one line. Where it is a bug rather than bad input, its type and place stand
  /// there too.
  static String explain(Throwable failure) {
    String message = failure.getMessage();
    if (failure instanceof NoSuchFileException) {
      return "there is no file " + message;
    }
    if (message == null
        || failure instanceof NullPointerException
        || failure instanceof IndexOutOfBoundsException) {
      StackTraceElement[] trace = failure.getStackTrace();
      return failure.getClass().getSimpleName()
          + (message == null ? "" : ": " + message)
          + (trace.length > 0 ? " at " + trace[0] : "");
    }
    return message;
  }
}
