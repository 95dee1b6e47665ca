package ringfence.router.cli;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;

/// What a person reads when a command fails.
final class CommandError {

  private CommandError() {}

  /// The failure in one line. Where it is a bug rather than bad input, its type and place stand
  /// there too.
  static String explain(Throwable failure) {
    String message = failure.getMessage();
    return switch (failure) {
      case NoSuchFileException _ -> "there is no file " + message;
      case FileAlreadyExistsException _ -> message + " exists already";
      case AccessDeniedException _ -> message + " can't be read or written by this user";
      case NullPointerException bug -> withPlace(bug);
      case IndexOutOfBoundsException bug -> withPlace(bug);
      default -> message == null ? withPlace(failure) : message;
    };
  }

  private static String withPlace(Throwable bug) {
    StackTraceElement[] trace = bug.getStackTrace();
    String message = bug.getMessage();
    return bug.getClass().getSimpleName()
        + (message == null ? "" : ": " + message)
        + (trace.length > 0 ? " at " + trace[0] : "");
  }
}
