package ringfence.node.compute.vulkan.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.device.Gpu;

@ExtendWith(VulkanExtension.class)
class FragmentOrderTest {

  @Test
  void aDeviceWithHalfMatricesTellsAnOrderAndOthersTellNone(Gpu gpu, Pipelines pipelines) {
    Optional<FragmentOrder> order = FragmentOrder.ask(pipelines);
    if (!gpu.traits().hasHalfMatrices(16, 16, 16)) {
      assertThat(order).isEmpty();
    } else if (gpu.traits().vendorId() == 0x10DE) {
      assertThat(order.orElseThrow().pairs()).isPresent();
    }
  }

  @Test
  void theUsualOrderIsThatOfFourLanesARow() {
    FragmentOrder usual = FragmentOrder.USUAL;
    assertThat(usual.pairs()).hasValueSatisfying(p -> assertThat(p).containsExactly(0, 1, 2, 3));
    int[] rows = new int[8];
    int[] columns = new int[8];
    for (int i = 0; i < 8; i++) {
      rows[i] = usual.row(6, i);
      columns[i] = usual.column(6, i);
    }
    assertThat(rows).containsExactly(1, 1, 1, 1, 9, 9, 9, 9);
    assertThat(columns).containsExactly(4, 5, 12, 13, 4, 5, 12, 13);
  }

  @Test
  void pairsInAnotherOrderAreFound() {
    int[][] swapped = elements(FragmentOrder.USUAL);
    for (int[] lane : swapped) {
      swap(lane, 2, 4);
      swap(lane, 3, 5);
    }
    assertThat(FragmentOrder.of(swapped).orElseThrow().pairs())
        .hasValueSatisfying(p -> assertThat(p).containsExactly(0, 2, 1, 3));
  }

  @Test
  void lanesThatHoldOtherPairsOrElementsTwiceAreRefused() {
    int[][] split = elements(FragmentOrder.USUAL);
    for (int[] lane : split) {
      swap(lane, 1, 2);
    }
    assertThat(FragmentOrder.of(split).orElseThrow().pairs()).isEmpty();

    int[][] oneLaneDiffers = elements(FragmentOrder.USUAL);
    swap(oneLaneDiffers[9], 0, 2);
    swap(oneLaneDiffers[9], 1, 3);
    assertThat(FragmentOrder.of(oneLaneDiffers).orElseThrow().pairs()).isEmpty();

    int[][] twice = elements(FragmentOrder.USUAL);
    twice[3][0] = twice[4][0];
    assertThat(FragmentOrder.of(twice)).isEmpty();
  }

  private static void swap(int[] lane, int a, int b) {
    int kept = lane[a];
    lane[a] = lane[b];
    lane[b] = kept;
  }

  private static int[][] elements(FragmentOrder order) {
    int[][] elements = new int[FragmentOrder.LANES][FragmentOrder.ELEMENTS];
    for (int lane = 0; lane < FragmentOrder.LANES; lane++) {
      for (int i = 0; i < FragmentOrder.ELEMENTS; i++) {
        elements[lane][i] = 16 * order.row(lane, i) + order.column(lane, i);
      }
    }
    return elements;
  }
}
