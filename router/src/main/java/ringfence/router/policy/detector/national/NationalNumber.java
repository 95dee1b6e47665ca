package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.NumberDetector;
import ringfence.router.policy.detector.NumberWindow;

/// A state's number for a person, of digits alone.
abstract class NationalNumber implements NumberDetector {
  /// All of them are one kind.
  static final String NAME = "national-id";

  private final int minDigits;
  private final int maxDigits;

  NationalNumber(int minDigits, int maxDigits) {
    this.minDigits = minDigits;
    this.maxDigits = maxDigits;
  }

  /// Whether it is written in one run, in even groups or in those that are usual for it; with no
  /// digits beside the groups, which would make it a piece of something longer.
  static boolean isWritten(NumberWindow number, int... usual) {
    return number.isOneRun()
        || (number.isAlone() && (number.isGroupedEvenly() || number.isGrouped(usual)));
  }

  @Override
  public final String name() {
    return NAME;
  }

  @Override
  public final int minDigits() {
    return minDigits;
  }

  @Override
  public final int maxDigits() {
    return maxDigits;
  }
}
