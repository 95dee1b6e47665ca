import java.util.Arrays;

/// Times of one stage, in nanoseconds; from any thread.
final class Statistics {
  private long[] values = new long[4096];
  private int count;

  synchronized void add(long value) {
    if (count == values.length) {
      values = Arrays.copyOf(values, 2 * count);
    }
    values[count++] = value;
  }

  synchronized int count() {
    return count;
  }

  /// In milliseconds; NaN where there is none.
  synchronized double quantile(double part) {
    if (count == 0) {
      return Double.NaN;
    }
    long[] sorted = Arrays.copyOf(values, count);
    Arrays.sort(sorted);
    return sorted[Math.min(count - 1, (int) (part * count))] / 1e6;
  }
}
