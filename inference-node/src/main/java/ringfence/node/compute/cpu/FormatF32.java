package ringfence.node.compute.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Float32, unscaled.
final class FormatF32 implements Format {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @Override
  public void unpack(MemorySegment data, long offset, int count, float[] out, int at) {
    MemorySegment.copy(data, FLOAT, offset, out, at, count);
  }
}
