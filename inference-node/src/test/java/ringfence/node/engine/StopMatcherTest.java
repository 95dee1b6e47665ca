package ringfence.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class StopMatcherTest {

  private static StopMatcher matcher(String... stops) {
    return new StopMatcher(new StopStrings(List.of(stops)));
  }

  @Test
  void textThatMayBecomeAStopStringIsHeldBack() {
    StopMatcher matcher = matcher("stop");

    assertThat(matcher.next("a st")).isEqualTo("a ");
    assertThat(matcher.next("ar")).isEqualTo("star");
    assertThat(matcher.next("sto")).isEmpty();
    assertThat(matcher.rest()).isEqualTo("sto");
  }

  @Test
  void theAnswerEndsBeforeAStopStringAcrossPieces() {
    StopMatcher matcher = matcher("END");

    assertThat(matcher.next("xE") + matcher.next("N") + matcher.next("Dy")).isEqualTo("x");
    assertThat(matcher.matchedStop()).isEqualTo("END");
    assertThat(matcher.next("more") + matcher.rest()).isEmpty();
  }

  @Test
  void aPartlyMatchedStringThatRepeatsItselfIsNotMissed() {
    StopMatcher matcher = matcher("aab");

    assertThat(matcher.next("aaa")).isEqualTo("a");
    assertThat(matcher.next("b")).isEmpty();
    assertThat(matcher.stopped()).isTrue();
  }

  @Test
  void theStringThatIsCompleteFirstEndsTheAnswer() {
    StopMatcher matcher = matcher("abcd", "bc");

    assertThat(matcher.next("xabcd")).isEqualTo("xa");
    assertThat(matcher.matchedStop()).isEqualTo("bc");
  }

  @Test
  void ofTwoThatEndTogetherTheLongerCounts() {
    StopMatcher matcher = matcher("c", "abc");

    assertThat(matcher.next("xabc")).isEqualTo("x");
    assertThat(matcher.matchedStop()).isEqualTo("abc");
  }

  @Property(tries = 500)
  void everyPieceReleasesAllThatIsCertainAndNoMore(@ForAll long seed) {
    Random random = new Random(seed);
    List<String> stops = new ArrayList<>();
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      stops.add(letters(random, 1 + random.nextInt(5)));
    }
    StopMatcher matcher = matcher(stops.toArray(String[]::new));
    StringBuilder text = new StringBuilder();
    StringBuilder released = new StringBuilder();
    for (int i = 0; i < 12 && !matcher.stopped(); i++) {
      String piece = letters(random, random.nextInt(4));
      text.append(piece);
      released.append(matcher.next(piece));
      assertThat(released.toString()).isEqualTo(certain(text.toString(), stops));
    }
  }

  /// By trying: the text before the first stop string, else all but what could begin one.
  private static String certain(String text, List<String> stops) {
    for (int end = 0; end <= text.length(); end++) {
      String before = text.substring(0, end);
      int longest =
          stops.stream().filter(before::endsWith).mapToInt(String::length).max().orElse(0);
      if (longest > 0) {
        return text.substring(0, end - longest);
      }
    }
    for (int from = 0; from < text.length(); from++) {
      String tail = text.substring(from);
      if (stops.stream().anyMatch(stop -> stop.startsWith(tail))) {
        return text.substring(0, from);
      }
    }
    return text;
  }

  private static String letters(Random random, int length) {
    StringBuilder letters = new StringBuilder();
    for (int i = 0; i < length; i++) {
      letters.append((char) ('a' + random.nextInt(2)));
    }
    return letters.toString();
  }
}
