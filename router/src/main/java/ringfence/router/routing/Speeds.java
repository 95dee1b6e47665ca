package ringfence.router.routing;

import java.util.Comparator;
import java.util.List;
import java.util.function.IntToDoubleFunction;

/// A target's speed by batch size, as it measured itself. Between two measured batch sizes it is
/// interpolated, outside them the nearest measurement's speed is kept.
public final class Speeds {

  /// What a target that has measured nothing is taken for: slow, so that a measured one wins.
  public static final Speeds UNMEASURED =
      new Speeds(new int[] {1}, new double[] {5}, new double[] {20});

  private final int[] batchSizes;
  private final double[] decode;
  private final double[] prefill;

  private Speeds(int[] batchSizes, double[] decode, double[] prefill) {
    this.batchSizes = batchSizes;
    this.decode = decode;
    this.prefill = prefill;
  }

  /// One measurement.
  ///
  /// @param batchSize sequences in the step, at least 1
  /// @param decode tokens a second over all of them
  /// @param prefill tokens a second
  public record Measured(int batchSize, double decode, double prefill) {}

  /// Measurements in any order; those that are not positive and finite are left out.
  public static Speeds of(List<Measured> measurements) {
    List<Measured> usable =
        measurements.stream()
            .filter(
                one -> one.batchSize() >= 1 && positive(one.decode()) && positive(one.prefill()))
            .sorted(Comparator.comparingInt(Measured::batchSize))
            .toList();
    if (usable.isEmpty()) {
      return UNMEASURED;
    }
    return new Speeds(
        usable.stream().mapToInt(Measured::batchSize).toArray(),
        usable.stream().mapToDouble(Measured::decode).toArray(),
        usable.stream().mapToDouble(Measured::prefill).toArray());
  }

  /// Of a target whose sequences don't slow each other down; one that is not positive and finite
  /// was not measured.
  ///
  /// @param decode tokens a second of one sequence
  /// @param most sequences at once
  /// @param prefill tokens a second
  public static Speeds each(double decode, int most, double prefill) {
    return positive(decode) && positive(prefill)
        ? new Speeds(
            new int[] {1, most},
            new double[] {decode, decode * most},
            new double[] {prefill, prefill})
        : UNMEASURED;
  }

  /// The same measurements, corrected.
  ///
  /// @param decodeFactor by batch size; above 0
  public Speeds scaled(IntToDoubleFunction decodeFactor, double prefillFactor) {
    double[] scaledDecode = new double[decode.length];
    double[] scaledPrefill = new double[prefill.length];
    for (int i = 0; i < decode.length; i++) {
      scaledDecode[i] = decode[i] * decodeFactor.applyAsDouble(batchSizes[i]);
      scaledPrefill[i] = prefill[i] * prefillFactor;
    }
    return new Speeds(batchSizes, scaledDecode, scaledPrefill);
  }

  private static boolean positive(double speed) {
    return speed > 0 && speed < Double.POSITIVE_INFINITY;
  }

  /// Decode speed over all sequences of a batch, in tokens a second.
  public double decode(int batchSize) {
    return at(decode, batchSize);
  }

  /// Prefill speed beside a batch, in tokens a second.
  public double prefill(int batchSize) {
    return at(prefill, batchSize);
  }

  private double at(double[] speeds, int batchSize) {
    int last = batchSizes.length - 1;
    if (batchSize <= batchSizes[0]) {
      return speeds[0];
    }
    if (batchSize >= batchSizes[last]) {
      return speeds[last];
    }
    int above = 1;
    while (batchSizes[above] < batchSize) {
      above++;
    }
    double span = batchSizes[above] - batchSizes[above - 1];
    if (span == 0) {
      return speeds[above];
    }
    double share = (batchSize - batchSizes[above - 1]) / span;
    return speeds[above - 1] + share * (speeds[above] - speeds[above - 1]);
  }
}
