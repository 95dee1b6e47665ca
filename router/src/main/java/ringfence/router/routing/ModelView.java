package ringfence.router.routing;

/// A model on a target: what it can hold and what it has to do now. The load counts what the target
/// last reported and what this router has sent it since.
///
/// @param digest SHA-256 of the model file, hex
/// @param contextLength tokens that one sequence may hold
/// @param kvTokens tokens that the KV cache holds over all sequences
/// @param maxSequences decoded at once
/// @param sequences running and waiting
/// @param waitingPromptTokens prefill that is still to be done
public record ModelView(
    String name,
    String digest,
    int contextLength,
    int kvTokens,
    int maxSequences,
    int sequences,
    long waitingPromptTokens,
    Speeds speeds) {

  /// The same model under another load.
  public ModelView withLoad(int newSequences, long newWaitingPromptTokens) {
    return new ModelView(
        name,
        digest,
        contextLength,
        kvTokens,
        maxSequences,
        newSequences,
        newWaitingPromptTokens,
        speeds);
  }
}
