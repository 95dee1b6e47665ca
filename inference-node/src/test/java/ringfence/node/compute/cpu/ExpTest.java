package ringfence.node.compute.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class ExpTest {

  @Test
  void isWithinTwoTenMillionthsOfTheTruth() {
    Random random = new Random(1);
    for (int i = 0; i < 200_000; i++) {
      float x = (random.nextFloat() - 0.5f) * 174;
      double truth = Math.exp(x);
      assertThat((double) exp(x)).as("e^%s", x).isCloseTo(truth, within(2e-7 * truth));
    }
  }

  @Test
  void isExactAtZeroAndVanishesFarBelow() {
    assertThat(exp(0)).isEqualTo(1f);
    assertThat(exp(-0f)).isEqualTo(1f);
    assertThat(exp(-88)).isZero();
    assertThat(exp(Float.NEGATIVE_INFINITY)).isZero();
    assertThat(exp(Float.NaN)).isNaN();
  }

  private static float exp(float x) {
    return Exp.of(FloatVector.broadcast(Lanes.FLOATS, x)).lane(0);
  }
}
