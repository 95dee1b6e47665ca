package ringfence.node.compute.vulkan.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.device.GpuException.Reason;

@ExtendWith(VulkanExtension.class)
class StagingRingTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int SLOT = 256;
  private static final int CHUNKS = 64;

  @Test
  void moreThanTheRingHoldsArrivesWholeFromSeveralThreads(Gpu gpu) throws Exception {
    try (GpuBuffer target = gpu.allocate((long) CHUNKS * SLOT, MemoryUse.DEVICE);
        StagingRing ring = new StagingRing(gpu, 3, SLOT, LIMIT);
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<?>> sent = new ArrayList<>();
      for (int chunk = 0; chunk < CHUNKS; chunk++) {
        int number = chunk;
        sent.add(
            threads.submit(() -> {
              StagingRing.Slot slot = ring.take();
              for (int i = 0; i < SLOT / 4; i++) {
                slot.bytes().setAtIndex(ValueLayout.JAVA_INT, i, number * SLOT + i);
              }
              slot.send(target, (long) number * SLOT, SLOT);
              return null;
            }));
      }
      for (Future<?> one : sent) {
        one.get(60, TimeUnit.SECONDS);
      }
      ring.finish();
      assertThat(read(gpu, target)).containsExactly(expected());
    }
  }

  private static int[] expected() {
    int[] all = new int[CHUNKS * SLOT / 4];
    for (int i = 0; i < all.length; i++) {
      all[i] = i / (SLOT / 4) * SLOT + i % (SLOT / 4);
    }
    return all;
  }

  private static int[] read(Gpu gpu, GpuBuffer buffer) {
    try (GpuBuffer down = gpu.allocate(buffer.size(), MemoryUse.READBACK);
        Recording recording = gpu.record()) {
      recording.copy(buffer, 0, down, 0, buffer.size()).end();
      gpu.submit(recording).await(LIMIT);
      return down.mapped().toArray(ValueLayout.JAVA_INT);
    }
  }

  @Test
  void piecesGoWhereTheyBelong(Gpu gpu) throws Exception {
    try (GpuBuffer target = gpu.allocate(16, MemoryUse.DEVICE);
        StagingRing ring = new StagingRing(gpu, 1, SLOT, LIMIT)) {
      StagingRing.Slot slot = ring.take();
      slot.bytes().setAtIndex(ValueLayout.JAVA_INT, 0, 7);
      slot.bytes().setAtIndex(ValueLayout.JAVA_INT, 1, 8);
      slot.bytes().setAtIndex(ValueLayout.JAVA_INT, 2, 9);
      slot.send(new StagingRing.Piece(0, target, 12, 4), new StagingRing.Piece(4, target, 0, 8));
      ring.finish();
      int[] words = read(gpu, target);
      assertThat(new int[] {words[0], words[1], words[3]}).containsExactly(8, 9, 7);
    }
  }

  @Test
  void aSlotIsSentOnceAndMayBeGivenBack(Gpu gpu) throws Exception {
    try (GpuBuffer target = gpu.allocate(16, MemoryUse.DEVICE);
        StagingRing ring = new StagingRing(gpu, 1, SLOT, LIMIT)) {
      StagingRing.Slot slot = ring.take();
      slot.send(target, 0, 16);
      assertThatThrownBy(() -> slot.send(target, 0, 16)).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(slot::bytes).isInstanceOf(IllegalStateException.class);
      slot.giveBack();
      StagingRing.Slot next = ring.take();
      next.giveBack();
      ring.take().giveBack();
    }
  }

  @Test
  void aRingWithoutFreeSlotsGivesUp(Gpu gpu) throws Exception {
    try (StagingRing ring = new StagingRing(gpu, 1, SLOT, Duration.ofMillis(1))) {
      ring.take();
      assertThatThrownBy(ring::take)
          .isInstanceOfSatisfying(
              GpuException.class, e -> assertThat(e.reason()).isEqualTo(Reason.TIMEOUT));
    }
  }

  @Test
  void aClosedRingSaysSo(Gpu gpu) {
    StagingRing ring = new StagingRing(gpu, 1, SLOT, LIMIT);
    ring.close();
    assertThatThrownBy(ring::take)
        .isInstanceOfSatisfying(
            GpuException.class, e -> assertThat(e.reason()).isEqualTo(Reason.CLOSED));
  }
}
