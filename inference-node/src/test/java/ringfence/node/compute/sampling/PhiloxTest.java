package ringfence.node.compute.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// The known-answer vectors that Random123, the authors' own library, publishes for philox4x32-10.
class PhiloxTest {

  @Test
  void zeros() {
    assertThat(random(0, 0, 0, 0, 0))
        .containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
  }

  @Test
  void ones() {
    assertThat(random(-1L, -1, -1, -1, -1))
        .containsExactly(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
  }

  @Test
  void digitsOfPi() {
    assertThat(random(0x299f31d0a4093822L, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344))
        .containsExactly(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
  }

  @Test
  void uniformsAreBelowOne() {
    assertThat(Philox.uniform(new int[] {0, 0, 0, 0})).isEqualTo(0);
    assertThat(Philox.uniform(new int[] {-1, -1, 0, 0})).isEqualTo(1 - 0x1p-53);
  }

  private static int[] random(long key, int... counter) {
    Philox.apply(counter, key);
    return counter;
  }
}
