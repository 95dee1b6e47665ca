package ringfence.node.compute.vulkan.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.device.GpuException.Reason;

@ExtendWith(VulkanExtension.class)
class GpuTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  @Test
  void bytesGoToTheDeviceAndComeBack(Gpu gpu) {
    int words = 1000;
    try (GpuBuffer up = gpu.allocate(4L * words, MemoryUse.UPLOAD);
        GpuBuffer on = gpu.allocate(4L * words, MemoryUse.DEVICE);
        GpuBuffer down = gpu.allocate(4L * words, MemoryUse.READBACK);
        Recording recording = gpu.record(2)) {
      for (int i = 0; i < words; i++) {
        up.mapped().setAtIndex(ValueLayout.JAVA_INT, i, 7 * i);
      }
      recording
          .timestamp("begin")
          .copy(up, 0, on, 0, up.size())
          .fullBarrier()
          .fill(on, 8, 8, -1)
          .fullBarrier()
          .copy(on, 0, down, 0, on.size())
          .timestamp("end")
          .end();
      Submission first = gpu.submit(recording);
      first.await(LIMIT);
      assertThat(first.isDone()).isTrue();
      assertThat(words(down.mapped(), 5)).containsExactly(0, 7, -1, -1, 28);

      up.mapped().setAtIndex(ValueLayout.JAVA_INT, 4, 5);
      Submission second = gpu.submit(recording);
      second.await(LIMIT);
      assertThat(words(down.mapped(), 5)).containsExactly(0, 7, -1, -1, 5);
      if (gpu.traits().timestampNanos() > 0) {
        assertThat(second.timings())
            .extracting(Recording.Timing::label)
            .containsExactly("begin", "end");
        assertThat(second.timings().get(1).nanos()).isNotNegative();
      }
    }
  }

  @Test
  void laterSubmissionsSeeWhatEarlierOnesWrote(Gpu gpu) {
    try (GpuBuffer on = gpu.allocate(1 << 20, MemoryUse.DEVICE);
        GpuBuffer down = gpu.allocate(4, MemoryUse.READBACK);
        Recording fill = gpu.record();
        Recording copy = gpu.record()) {
      fill.fill(on, 0, on.size(), 42).end();
      copy.copy(on, on.size() - 4, down, 0, 4).end();
      gpu.submit(fill);
      gpu.submit(copy).await(LIMIT);
      assertThat(down.mapped().get(ValueLayout.JAVA_INT, 0)).isEqualTo(42);
    }
  }

  @Test
  void theFailureOfABufferThatIsTooLargeSaysSo(Gpu gpu) {
    long tooLarge =
        1
            + Math.max(
                gpu.traits().limits().maxAllocationBytes(), gpu.traits().limits().maxBufferBytes());
    assertThatThrownBy(() -> gpu.allocate(tooLarge, MemoryUse.DEVICE))
        .isInstanceOfSatisfying(
            GpuException.class, e -> assertThat(e.reason()).isEqualTo(Reason.UNSUPPORTED))
        .hasMessageContaining(String.valueOf(tooLarge));
    assertThatThrownBy(() -> gpu.allocate(0, MemoryUse.DEVICE))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aHostViewOfAClosedBufferIsRefused(Gpu gpu) {
    GpuBuffer buffer = gpu.allocate(64, MemoryUse.SHARED);
    MemorySegment view = buffer.mapped();
    buffer.close();
    buffer.close();
    assertThatThrownBy(() -> view.get(ValueLayout.JAVA_INT, 0))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aDeviceBufferHasNoHostView(Gpu gpu) {
    try (GpuBuffer buffer = gpu.allocate(64, MemoryUse.DEVICE)) {
      assertThatThrownBy(buffer::mapped).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void copiesAndFillsStayWithinTheirBuffers(Gpu gpu) {
    try (GpuBuffer small = gpu.allocate(16, MemoryUse.DEVICE);
        GpuBuffer large = gpu.allocate(64, MemoryUse.DEVICE);
        Recording recording = gpu.record()) {
      assertThatThrownBy(() -> recording.copy(large, 0, small, 0, 17))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> recording.copy(large, 60, small, 0, 8))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> recording.fill(small, 8, 12, 0))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> recording.fill(small, 2, 4, 0))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aRecordingIsEndedBeforeItIsSubmittedAndNotAddedToAfterwards(Gpu gpu) {
    try (GpuBuffer buffer = gpu.allocate(16, MemoryUse.DEVICE);
        Recording recording = gpu.record()) {
      assertThatThrownBy(() -> gpu.submit(recording)).isInstanceOf(IllegalStateException.class);
      recording.end();
      assertThatThrownBy(() -> recording.fill(buffer, 0, 16, 0))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void moreTimestampsThanThereIsRoomForAreRefused(Gpu gpu) {
    if (gpu.traits().timestampNanos() > 0) {
      try (Recording recording = gpu.record(1)) {
        recording.timestamp("one");
        assertThatThrownBy(() -> recording.timestamp("two"))
            .isInstanceOf(IllegalStateException.class);
      }
    }
  }

  @Test
  void nothingWorksOnceTheDeviceIsClosedAndNothingCrashes(GpuInstance instance, Gpu shared) {
    Gpu gpu = instance.candidates().get(shared.traits().index()).open();
    GpuBuffer buffer = gpu.allocate(64, MemoryUse.SHARED);
    Recording recording = gpu.record().fill(buffer, 0, 64, 1).end();
    Submission submission = gpu.submit(recording);
    gpu.close();
    gpu.close();
    assertClosed(() -> submission.await(LIMIT));
    assertClosed(() -> gpu.submit(recording));
    assertClosed(() -> gpu.allocate(64, MemoryUse.DEVICE));
    assertClosed(gpu::record);
    MemorySegment view = buffer.mapped();
    assertThatThrownBy(() -> view.get(ValueLayout.JAVA_INT, 0))
        .isInstanceOf(IllegalStateException.class);
    recording.close();
    buffer.close();
  }

  private static void assertClosed(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            GpuException.class, e -> assertThat(e.reason()).isEqualTo(Reason.CLOSED));
  }

  @Test
  void pushConstantsLieWhereGlslPutsThem() {
    PushConstants constants = new PushConstants().integer(1).address(0x0102030405060708L).real(2);
    assertThat(constants.bytes().remaining()).isEqualTo(20);
    assertThat(constants.bytes().order(java.nio.ByteOrder.nativeOrder()).getLong(8))
        .isEqualTo(0x0102030405060708L);
    PushConstants full = new PushConstants();
    for (int i = 0; i < Gpu.PUSH_BYTES / 8; i++) {
      full.address(0L);
    }
    assertThatThrownBy(() -> full.integer(0)).isInstanceOf(IllegalArgumentException.class);
  }

  private static int[] words(MemorySegment segment, int count) {
    return segment.asSlice(0, 4L * count).toArray(ValueLayout.JAVA_INT);
  }
}
