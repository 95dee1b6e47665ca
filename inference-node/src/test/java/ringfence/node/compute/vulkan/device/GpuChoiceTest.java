package ringfence.node.compute.vulkan.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import ringfence.node.compute.vulkan.device.GpuException.Reason;

class GpuChoiceTest {
  private static final GpuCandidate SOFTWARE = device(0, "llvmpipe", GpuType.SOFTWARE, 64, null);
  private static final GpuCandidate SHARED = device(1, "Intel 0x2", GpuType.INTEGRATED, 32, null);
  private static final GpuCandidate SMALL = device(2, "NVIDIA T4", GpuType.DISCRETE, 16, null);
  private static final GpuCandidate LARGE = device(3, "NVIDIA H200", GpuType.DISCRETE, 141, null);
  private static final GpuCandidate BROKEN =
      device(4, "Old H200", GpuType.DISCRETE, 200, "it speaks Vulkan 1.1 and 1.3 is needed");
  private static final List<GpuCandidate> ALL = List.of(SOFTWARE, SHARED, SMALL, LARGE, BROKEN);

  @Test
  void theBestIsACardOfItsOwnWithTheMostMemory() {
    assertThat(GpuChoice.best(ALL)).containsSame(LARGE);
    assertThat(GpuChoice.best(List.of(SOFTWARE, SHARED))).containsSame(SHARED);
  }

  @Test
  void softwareAndUnusableDevicesAreNeverTheBest() {
    assertThat(GpuChoice.best(List.of(SOFTWARE, BROKEN))).isEmpty();
    assertThat(GpuChoice.best(List.of())).isEmpty();
  }

  @Test
  void softwareIsTakenWhenVulkanIsAskedForAndThereIsNothingElse() {
    assertThat(GpuChoice.named(List.of(SOFTWARE, BROKEN), "")).isSameAs(SOFTWARE);
    assertThat(GpuChoice.named(ALL, "")).isSameAs(LARGE);
  }

  @Test
  void ofEqualDevicesTheFirstIsTaken() {
    GpuCandidate twin = device(5, "NVIDIA H200", GpuType.DISCRETE, 141, null);
    assertThat(GpuChoice.named(List.of(LARGE, twin), "h200")).isSameAs(LARGE);
    assertThat(GpuChoice.named(List.of(LARGE, twin), "5")).isSameAs(twin);
  }

  @Test
  void aNumberIsANumberBeforeItIsPartOfAName() {
    assertThat(GpuChoice.named(ALL, "2")).isSameAs(SMALL);
    assertThat(GpuChoice.named(ALL, " LLVM ")).isSameAs(SOFTWARE);
  }

  @Test
  void whatIsNotThereOrNotUsableIsSaidWithWhatIsThere() {
    assertThatThrownBy(() -> GpuChoice.named(ALL, "radeon"))
        .isInstanceOfSatisfying(
            GpuException.class, e -> assertThat(e.reason()).isEqualTo(Reason.NO_DEVICE))
        .hasMessageContaining("'radeon'")
        .hasMessageContaining("3 NVIDIA H200");
    assertThatThrownBy(() -> GpuChoice.named(ALL, "4")).hasMessageContaining("1.3 is needed");
    assertThatThrownBy(() -> GpuChoice.named(List.of(), "")).hasMessageContaining("there is none");
  }

  private static GpuCandidate device(
      int index, String name, GpuType type, long gib, String unusable) {
    GpuTraits traits =
        new GpuTraits(
            index,
            name,
            type,
            0,
            "",
            "1.3.0",
            "",
            Set.of(),
            List.of(),
            32,
            32,
            32,
            OptionalInt.empty(),
            1,
            new GpuTraits.Limits(gib << 30, 1L << 32, 1L << 32, 32768, 1024, 65535, 65535, 65535));
    return new GpuCandidate(null, null, index, name, Set.of(), 0, traits, unusable);
  }
}
