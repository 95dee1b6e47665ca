package ringfence.node.bench;

/// llama.cpp's library is missing, not as expected, or reported a failure.
public final class LlamaException extends RuntimeException {
  private static final long serialVersionUID = 1;

  LlamaException(String message) {
    super("llama.cpp: " + message);
  }
}
