package ringfence.node.compute.vulkan.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.GpuException;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.device.StagingRing;
import ringfence.node.compute.vulkan.kernel.Pipelines;

/// What arrives on the device is what [Repacker] makes of the same bytes, bit for bit.
@ExtendWith(VulkanExtension.class)
class MatrixUploadTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int SLOT = 80 << 10;

  private record Sent(WeightLayout layout, byte[] stored, GpuMatrix to) {}

  @ParameterizedTest
  @EnumSource
  void everyFormatArrivesRepacked(WeightFormat format, Pipelines pipelines) {
    Gpu gpu = pipelines.gpu();
    Random random = new Random(format.ordinal());
    List<WeightLayout> layouts = new ArrayList<>();
    long bytes = 0;
    for (int columns : new int[] {1, 7, 13, 33, 64, 257, 1000}) {
      int block = format.type().blockSize();
      for (int rows : new int[] {1, 8, 17, 100}) {
        WeightLayout layout = new WeightLayout(format, rows, Math.ceilDiv(columns, block) * block);
        layouts.add(layout);
        bytes += GpuMatrix.bytes(layout);
      }
    }
    try (GpuBuffer buffer = gpu.allocate(bytes, MemoryUse.DEVICE);
        GpuBuffer back = gpu.allocate(bytes, MemoryUse.READBACK);
        Recording copy = gpu.record().copy(buffer, 0, back, 0, bytes).end()) {
      List<Sent> all = new ArrayList<>();
      List<MatrixUpload.Transfer> transfers = new ArrayList<>();
      long at = 0;
      for (WeightLayout layout : layouts) {
        byte[] stored = new byte[Math.toIntExact(layout.rowBytes() * layout.rows())];
        random.nextBytes(stored);
        GpuMatrix to = new GpuMatrix(layout, buffer, at);
        at += GpuMatrix.bytes(layout);
        all.add(new Sent(layout, stored, to));
        transfers.add(new MatrixUpload.Transfer(MemorySegment.ofArray(stored), to));
      }
      StagingRing ring = new StagingRing(gpu, 3, SLOT, LIMIT);
      try (MatrixUpload upload = MatrixUpload.begin(pipelines, ring, 2, transfers)) {
        // What is submitted now finds all of them.
        upload.awaitSent(transfers.size());
        gpu.submit(copy).await(LIMIT);
        upload.finish();
        assertThat(upload.parts()).isNotEmpty();
      }
      for (Sent one : all) {
        byte[] expected = packed(one);
        byte[] actual =
            back.mapped()
                .asSlice(one.to().offset(), expected.length)
                .toArray(ValueLayout.JAVA_BYTE);
        assertThat(actual).as("%s", one.layout()).isEqualTo(expected);
      }
    }
  }

  private static byte[] packed(Sent one) {
    byte[] packed = new byte[Math.toIntExact(one.layout().bytes())];
    Repacker repacker = new Repacker(one.layout(), MemorySegment.ofArray(one.stored()));
    for (int i = 0; i < one.layout().rowTiles(); i++) {
      repacker.pack(i, MemorySegment.ofArray(packed), i, one.layout().rowTiles());
    }
    return packed;
  }

  @Test
  void aFileThatIsTooShortIsAFailureForAllWhoWait(Pipelines pipelines) {
    WeightLayout layout = new WeightLayout(WeightFormat.Q4_0, 64, 64);
    try (GpuBuffer buffer =
        pipelines.gpu().allocate(2 * GpuMatrix.bytes(layout), MemoryUse.DEVICE)) {
      List<MatrixUpload.Transfer> transfers =
          List.of(
              new MatrixUpload.Transfer(
                  MemorySegment.ofArray(new byte[100]), new GpuMatrix(layout, buffer, 0)));
      StagingRing ring = new StagingRing(pipelines.gpu(), 2, SLOT, LIMIT);
      try (MatrixUpload upload = MatrixUpload.begin(pipelines, ring, 2, transfers)) {
        assertThatThrownBy(() -> upload.awaitSent(1)).hasMessageContaining("did not reach");
        assertThatThrownBy(upload::finish).hasMessageContaining("did not reach");
      }
    }
  }

  @Test
  void closingItEndsItAndClosesTheRing(Pipelines pipelines) {
    WeightLayout layout = new WeightLayout(WeightFormat.Q4_0, 16_384, 256);
    byte[] stored = new byte[Math.toIntExact(layout.rowBytes() * layout.rows())];
    try (GpuBuffer buffer = pipelines.gpu().allocate(GpuMatrix.bytes(layout), MemoryUse.DEVICE)) {
      StagingRing ring = new StagingRing(pipelines.gpu(), 2, SLOT, LIMIT);
      MatrixUpload upload =
          MatrixUpload.begin(
              pipelines,
              ring,
              2,
              List.of(
                  new MatrixUpload.Transfer(
                      MemorySegment.ofArray(stored), new GpuMatrix(layout, buffer, 0))));
      upload.close();
      assertThatThrownBy(ring::take)
          .isInstanceOfSatisfying(
              GpuException.class,
              e -> assertThat(e.reason()).isEqualTo(GpuException.Reason.CLOSED));
    }
  }
}
