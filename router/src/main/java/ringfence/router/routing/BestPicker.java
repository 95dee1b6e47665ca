package ringfence.router.routing;

import java.util.List;

/// The shortest predicted time. Times closer than a prediction can tell apart are a tie: it goes to
/// the nearer zone, then to rendezvous hashing of the prompt's beginning, so that prompts with the
/// same beginning meet the same prefix cache while targets come and go.
public final class BestPicker implements Picker {
  private static final double TIE_SHARE = 1.05;
  private static final double TIE_MILLIS = 5;

  @Override
  public Scored pick(PlacementRequest request, List<Scored> candidates) {
    double best = Double.MAX_VALUE;
    for (Scored candidate : candidates) {
      best = Math.min(best, candidate.millis());
    }
    double limit = best * TIE_SHARE + TIE_MILLIS;
    Scored picked = candidates.getFirst();
    boolean found = false;
    long pickedWeight = 0;
    for (Scored candidate : candidates) {
      if (candidate.millis() > limit) {
        continue;
      }
      long weight = rendezvousWeight(request.prefixKey(), candidate.target().name());
      if (!found || wins(candidate, weight, picked, pickedWeight)) {
        found = true;
        picked = candidate;
        pickedWeight = weight;
      }
    }
    return picked;
  }

  private static boolean wins(Scored one, long weight, Scored other, long otherWeight) {
    int byZone = one.target().zone().compareTo(other.target().zone());
    if (byZone != 0) {
      return byZone < 0;
    }
    if (weight != otherWeight) {
      return weight > otherWeight;
    }
    return one.target().name().compareTo(other.target().name()) < 0;
  }

  /// Highest random weight (Thaler and Ravishankar, 1998), mixed with SplitMix64's finalizer.
  private static long rendezvousWeight(long key, String target) {
    long mixed = key ^ (target.hashCode() * 0x9E3779B97F4A7C15L);
    mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return mixed ^ (mixed >>> 31);
  }
}
