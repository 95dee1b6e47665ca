package ringfence.router.policy.document;

/// A policy file that can't be used. The message names the file, the line, the path of what is
/// wrong and what is allowed there; it quotes no secret.
public final class PolicyFileException extends Exception {

  PolicyFileException(String message) {
    super(message);
  }
}
