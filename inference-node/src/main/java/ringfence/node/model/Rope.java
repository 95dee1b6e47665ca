package ringfence.node.model;

/// Rotary position embedding (Su et al., 2021) with every kind of scaling already folded in:
/// linear, Llama 3's frequency factors and YaRN all come down to one inverse frequency per pair and
/// one magnitude.
///
/// @param pairing which two elements of a head turn together
/// @param inverseFrequencies radians per position for each pair; its length is half the number of
///   rotated elements, the elements after those stay as they are
/// @param magnitude what the rotated elements are multiplied by (YaRN's attention factor; 1
///   otherwise)
public record Rope(Pairing pairing, float[] inverseFrequencies, float magnitude) {

  /// Which elements make a pair.
  public enum Pairing {
    /// Elements 2i and 2i+1 (GGUF files of the llama architecture).
    ADJACENT,
    /// Elements i and i + n/2 (NeoX; qwen2, qwen3, gemma3).
    HALVES
  }
}
