package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Checks;
import ringfence.router.policy.detector.NumberWindow;

/// Brazil's CPF: two check digits.
public final class BrazilianCpf extends NationalNumber {
  public BrazilianCpf() {
    super(11, 11);
  }

  @Override
  public boolean matches(NumberWindow n) {
    int first = Checks.weighted(n, 10, 9, 8, 7, 6, 5, 4, 3, 2) * 10 % 11 % 10;
    int second = Checks.weighted(n, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2) * 10 % 11 % 10;
    return (n.isOneRun() || n.isAlone())
        && first == n.digit(9)
        && second == n.digit(10)
        && !Checks.isOneDigit(n);
  }
}
