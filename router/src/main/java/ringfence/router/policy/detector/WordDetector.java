package ringfence.router.policy.detector;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// An operator's own words, whole and in any case: the automaton of Aho and Corasick, one step for
/// each character however many words there are.
public final class WordDetector implements TextDetector {
  private static final class State {
    private final Map<Character, State> next = new HashMap<>();
    private State fallback = this;
    private final List<Integer> lengths = new ArrayList<>();
  }

  private final String name;
  private final State root = new State();

  /// @param words of at least one letter or digit; blanks in them are single
  public WordDetector(String name, List<String> words) {
    this.name = name;
    for (String word : words) {
      add(folded(word.strip()));
    }
    link();
  }

  private void add(String word) {
    State state = root;
    for (int i = 0; i < word.length(); i++) {
      state = state.next.computeIfAbsent(word.charAt(i), _ -> new State());
    }
    state.lengths.add(word.length());
  }

  private void link() {
    ArrayDeque<State> queue = new ArrayDeque<>();
    for (State first : root.next.values()) {
      first.fallback = root;
      queue.add(first);
    }
    while (!queue.isEmpty()) {
      State state = queue.remove();
      state.next.forEach((c, child) -> {
        child.fallback = step(state.fallback, c);
        child.lengths.addAll(child.fallback.lengths);
        queue.add(child);
      });
    }
  }

  private State step(State from, char c) {
    State state = from;
    while (true) {
      State next = state.next.get(c);
      if (next != null) {
        return next;
      }
      if (state.equals(root)) {
        return root;
      }
      state = state.fallback;
    }
  }

  private static String folded(String text) {
    return Normaliser.normalise(text).toLowerCase(Locale.ROOT);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public char needs() {
    return 0;
  }

  @Override
  public boolean finds(Text text) {
    String lower = text.lowerCase();
    State state = root;
    for (int i = 0; i < lower.length(); i++) {
      char c = lower.charAt(i);
      state = step(state, c == '\n' || c == '\t' || c == '\r' ? ' ' : c);
      for (int length : state.lengths) {
        if (isBorder(lower, i - length, i - length + 1) && isBorder(lower, i, i + 1)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean isBorder(String text, int left, int right) {
    return left < 0
        || right >= text.length()
        || !(Character.isLetterOrDigit(text.charAt(left))
            && Character.isLetterOrDigit(text.charAt(right)));
  }
}
