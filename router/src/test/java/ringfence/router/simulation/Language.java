package ringfence.router.simulation;

import java.util.ArrayList;
import java.util.List;

/// The model of simulated nodes: the next token is a function of the prompt, the tokens so far, the
/// seed, the choice and the arithmetic, as a real node's is.
final class Language {
  private Language() {}

  static long start(String prompt, long seed, int choice, String arithmetic) {
    return mix(prompt.hashCode() * 31L + arithmetic.hashCode() + mix(seed) + choice * 7L);
  }

  static int token(long state) {
    return (int) (state >>> 33) & 0xffff;
  }

  static long next(long state, int token) {
    return mix(state ^ (token * 0x9E3779B97F4A7C15L));
  }

  /// Whether the answer ends before this token.
  static boolean ends(long state) {
    return Long.remainderUnsigned(state, 40) == 0;
  }

  static List<Integer> answer(
      String prompt, long seed, int choice, String arithmetic, int maxTokens) {
    List<Integer> tokens = new ArrayList<>();
    long state = start(prompt, seed, choice, arithmetic);
    while (tokens.size() < maxTokens && !ends(state)) {
      int token = token(state);
      tokens.add(token);
      state = next(state, token);
    }
    return tokens;
  }

  private static long mix(long value) {
    long mixed = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return mixed ^ (mixed >>> 31);
  }
}
