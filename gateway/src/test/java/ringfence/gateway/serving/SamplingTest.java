package ringfence.gateway.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.opentelemetry.api.trace.SpanContext;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringfence.telemetry.TraceParent;

class SamplingTest {
  private static final String CLIENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0";

  @Test
  void aClientsWishIsTakenUpWhateverWouldHaveBeenDrawn() {
    assertThat(new Sampling(0).keeps(TraceParent.parse(CLIENT + "1"))).isTrue();
    assertThat(new Sampling(1).keeps(TraceParent.parse(CLIENT + "0"))).isFalse();
  }

  @Test
  void aPartOfTheOthersIsKept() {
    assertThat(kept(0)).isZero();
    assertThat(kept(1)).isEqualTo(100_000);
    // Ten standard deviations.
    assertThat(kept(0.1)).isBetween(9_050L, 10_950L);
  }

  private static long kept(double part) {
    Sampling sampling = new Sampling(part);
    return IntStream.range(0, 100_000)
        .filter(_ -> sampling.keeps(SpanContext.getInvalid()))
        .count();
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 1.5, Double.NaN})
  void whatIsNoPartIsRefusedByItsKey(double part) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Sampling(part))
        .withMessageStartingWith("ringfence.gateway.telemetry.sampling is " + part);
  }
}
