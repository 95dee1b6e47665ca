package ringfence.router.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import ringfence.proto.v1.RouteRequest;
import ringfence.router.policy.detector.Detector;
import ringfence.router.policy.detector.Detectors;
import ringfence.router.policy.detector.PatternDetector;
import ringfence.router.policy.detector.Screening;
import ringfence.router.policy.detector.WordDetector;
import ringfence.router.policy.document.DetectorRules;
import ringfence.router.policy.document.DetectorRules.OwnPattern;
import ringfence.router.policy.document.DetectorRules.Words;
import ringfence.router.routing.Zone;

/// A tenant's detectors, ready to run, and what each finding means for the label.
final class TenantScreen {
  private final Screening screening;
  private final Map<String, Zone> ceilings = new TreeMap<>();
  private final Zone nearestCeiling;

  TenantScreen(DetectorRules rules) {
    List<Detector> detectors = new ArrayList<>();
    for (Detector detector : Detectors.standard()) {
      if (!rules.off().contains(detector.name())) {
        detectors.add(detector);
      }
    }
    for (String kind : Detectors.kinds()) {
      if (!rules.off().contains(kind)) {
        ceilings.put(kind, rules.kinds().getOrDefault(kind, rules.farthestZone()));
      }
    }
    for (Words words : rules.words()) {
      detectors.add(new WordDetector(words.name(), words.words()));
      ceilings.put(words.name(), words.farthestZone());
    }
    for (OwnPattern pattern : rules.patterns()) {
      detectors.add(new PatternDetector(pattern.name(), pattern.pattern()));
      ceilings.put(pattern.name(), pattern.farthestZone());
    }
    screening = new Screening(detectors);
    nearestCeiling = ceilings.values().stream().min(Zone::compareTo).orElse(Zone.EXTERNAL);
  }

  /// Whether a finding could pull that label nearer.
  boolean matters(Zone label) {
    return label.isFartherThan(nearestCeiling);
  }

  /// The label after the detectors have run: never farther.
  ///
  /// @param reasons gets the names of what pulled it
  Zone pulled(
      Zone label,
      RouteRequest request,
      List<String> reasons,
      LongSupplier nanoClock,
      long limitNanos,
      PolicyObserver observer) {
    long began = nanoClock.getAsLong();
    Screening.Result result = screening.look(request, nanoClock, limitNanos);
    observer.screened(nanoClock.getAsLong() - began, result.kinds(), result.complete());
    if (!result.complete()) {
      reasons.add("detectors-failed");
      return Zone.DEVICE;
    }
    Zone pulled = label;
    for (String kind : result.kinds()) {
      // What is off is not looked for, but token ids are found all the same.
      Zone ceiling = ceilings.get(kind);
      if (ceiling != null && label.isFartherThan(ceiling)) {
        pulled = Zone.nearer(pulled, ceiling);
        reasons.add("detector:" + kind);
      }
    }
    return pulled;
  }

  /// All that they find in a request that is not sent, also what would not pull its label.
  Inspected inspected(
      Zone label,
      RouteRequest request,
      List<String> reasons,
      LongSupplier nanoClock,
      long limitNanos) {
    Screening.Result result = screening.look(request, nanoClock, limitNanos);
    Map<String, Zone> findings = new TreeMap<>();
    Zone pulled = label;
    for (String kind : result.kinds()) {
      Zone ceiling = ceilings.get(kind);
      if (ceiling != null) {
        findings.put(kind, ceiling);
        if (label.isFartherThan(ceiling)) {
          pulled = Zone.nearer(pulled, ceiling);
          reasons.add("detector:" + kind);
        }
      }
    }
    if (!result.complete()) {
      reasons.add("detectors-failed");
      pulled = Zone.DEVICE;
    }
    return new Inspected(pulled, reasons, findings, result.complete());
  }
}
