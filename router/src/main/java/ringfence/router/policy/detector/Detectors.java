package ringfence.router.policy.detector;

import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import ringfence.router.policy.detector.national.AustralianTaxFileNumber;
import ringfence.router.policy.detector.national.BelgianNationalNumber;
import ringfence.router.policy.detector.national.BrazilianCpf;
import ringfence.router.policy.detector.national.CanadianSin;
import ringfence.router.policy.detector.national.ChineseResidentNumber;
import ringfence.router.policy.detector.national.DanishCpr;
import ringfence.router.policy.detector.national.DutchCitizenNumber;
import ringfence.router.policy.detector.national.FinnishIdentityCode;
import ringfence.router.policy.detector.national.FrenchSocialNumber;
import ringfence.router.policy.detector.national.GermanTaxId;
import ringfence.router.policy.detector.national.IndianAadhaar;
import ringfence.router.policy.detector.national.ItalianFiscalCode;
import ringfence.router.policy.detector.national.KoreanResidentNumber;
import ringfence.router.policy.detector.national.NorwegianNumber;
import ringfence.router.policy.detector.national.PolishPesel;
import ringfence.router.policy.detector.national.SouthAfricanId;
import ringfence.router.policy.detector.national.SpanishDni;
import ringfence.router.policy.detector.national.SwedishPersonalNumber;
import ringfence.router.policy.detector.national.SwissSocialNumber;
import ringfence.router.policy.detector.national.TurkishIdentityNumber;
import ringfence.router.policy.detector.national.UkNationalInsuranceNumber;
import ringfence.router.policy.detector.national.UkNhsNumber;
import ringfence.router.policy.detector.national.UsSocialSecurityNumber;

/// The detectors that every request meets unless its tenant's policy leaves some out.
public final class Detectors {
  /// The kind of what no detector can read: prompts of token ids.
  public static final String UNREADABLE = "unreadable";

  private static final List<Detector> STANDARD =
      List.of(
          new PaymentCardDetector(),
          new IbanDetector(),
          new UsSocialSecurityNumber(),
          new UkNationalInsuranceNumber(),
          new UkNhsNumber(),
          new GermanTaxId(),
          new FrenchSocialNumber(),
          new SpanishDni(),
          new ItalianFiscalCode(),
          new DutchCitizenNumber(),
          new BelgianNationalNumber(),
          new PolishPesel(),
          new SwedishPersonalNumber(),
          new NorwegianNumber(),
          new DanishCpr(),
          new FinnishIdentityCode(),
          new SwissSocialNumber(),
          new TurkishIdentityNumber(),
          new CanadianSin(),
          new BrazilianCpf(),
          new IndianAadhaar(),
          new ChineseResidentNumber(),
          new KoreanResidentNumber(),
          new SouthAfricanId(),
          new AustralianTaxFileNumber(),
          new PrivateKeyDetector(),
          KnownTokens.aws(),
          KnownTokens.google(),
          KnownTokens.clouds(),
          KnownTokens.code(),
          KnownTokens.messaging(),
          KnownTokens.payments(),
          KnownTokens.models(),
          new JwtDetector(),
          new ConnectionStringDetector(),
          new SecretAssignmentDetector(),
          new EmailDetector(),
          new PhoneDetector(),
          new InternalHostDetector(),
          new InternalIpv6Detector());

  private Detectors() {}

  /// All of them.
  public static List<Detector> standard() {
    return STANDARD;
  }

  /// What they detect; a policy file may name these.
  public static SortedSet<String> kinds() {
    SortedSet<String> kinds =
        STANDARD.stream().map(Detector::name).collect(Collectors.toCollection(TreeSet::new));
    kinds.add(UNREADABLE);
    return kinds;
  }
}
