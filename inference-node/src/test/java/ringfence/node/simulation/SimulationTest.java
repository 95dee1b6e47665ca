package ringfence.node.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SimulationTest {

  @Test
  void readsWhatIsSaidAndFillsInTheRest() {
    Simulation least = Simulation.parse("ttft=300ms, tpot=20ms");
    assertThat(least.firstToken()).isEqualTo(Duration.ofMillis(300));
    assertThat(least.eachTokenFull()).isEqualTo(Duration.ofMillis(20));
    assertThat(least.slots()).isEmpty();
    Simulation all =
        Simulation.parse(
            "ttft=0ms,tpot=500us,tpot-full=2s,prefill=4000,slots=512,context=4096,kv=9000,answer=7,model=m-1");
    assertThat(all)
        .isEqualTo(
            new Simulation(
                Duration.ZERO,
                Duration.ofNanos(500_000),
                Duration.ofSeconds(2),
                4000,
                OptionalInt.of(512),
                4096,
                OptionalInt.of(9000),
                7,
                "m-1"));
  }

  @Test
  void theDigestIsThatOfTheAnswersNotOfTheTiming() {
    String digest = Simulation.parse("ttft=1ms,tpot=1ms").digest();
    assertThat(digest).matches("[0-9a-f]{64}");
    assertThat(Simulation.parse("ttft=9s,tpot=7ms,slots=3").digest()).isEqualTo(digest);
    assertThat(Simulation.parse("ttft=1ms,tpot=1ms,answer=9").digest()).isNotEqualTo(digest);
    assertThat(Simulation.parse("ttft=1ms,tpot=1ms,model=b").digest()).isNotEqualTo(digest);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "tpot=20ms | ttft is needed",
        "ttft=20ms | tpot is needed",
        "ttft=20,tpot=1ms | ttft is '20'",
        "ttft=2ms,tpot=0ms | tpot is at least",
        "ttft=2ms,tpot=9ms,tpot-full=8ms | tpot-full is at least tpot",
        "ttft=2h,tpot=1ms | ttft is '2h'",
        "ttft=4000s,tpot=1ms | at most an hour",
        "ttft=2ms,tpot=1ms,tpot=1ms | twice",
        "ttft=2ms,tpot=1ms,speed=1 | is not KEY=VALUE",
        "ttft=2ms,tpot=1ms, | is not KEY=VALUE",
        "ttft=2ms,tpot=1ms,slots=0 | slots is '0'",
        "ttft=2ms,tpot=1ms,kv=lots | kv is 'lots'",
        "ttft=2ms,tpot=1ms,model=a b | model is 1 to 64",
      })
  void saysWhatIsWrong(String text, String why) {
    assertThatThrownBy(() -> Simulation.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(why);
  }
}
