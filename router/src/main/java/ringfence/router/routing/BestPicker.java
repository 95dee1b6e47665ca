package ringfence.router.routing;

import java.util.List;

/// The shortest predicted time. Times closer than a prediction can tell apart are a tie: it goes to
/// the nearer zone, then to rendezvous hashing of the prompt's beginning, so that prompts with the
/// same beginning meet the same prefix cache while targets come and go.
///
/// Where many targets are about as good as the best one, reports are old news before they are used
/// up: routers that all went for the best would meet there. The choice is then between two drawn at
/// random (Mitzenmacher, "The Power of Two Choices", 2001) and those that have the prompt's
/// beginning.
public final class BestPicker implements Picker {
  private static final double TIE_SHARE = 1.05;
  private static final double TIE_MILLIS = 5;
  private static final int MANY = 16;
  private static final double GOOD_SHARE = 1.5;
  private static final double GOOD_MILLIS = 50;

  @Override
  public Scored pick(PlacementRequest request, List<Scored> candidates) {
    double best = Double.MAX_VALUE;
    for (Scored candidate : candidates) {
      best = Math.min(best, candidate.millis());
    }
    double good = best * GOOD_SHARE + GOOD_MILLIS;
    if (candidates.size() <= MANY || count(candidates, good) <= MANY) {
      return best(request, candidates, best);
    }
    return drawn(request, candidates, good);
  }

  private static int count(List<Scored> candidates, double limit) {
    int count = 0;
    for (Scored candidate : candidates) {
      if (candidate.millis() <= limit) {
        count++;
      }
    }
    return count;
  }

  private static Scored best(PlacementRequest request, List<Scored> candidates, double best) {
    double limit = best * TIE_SHARE + TIE_MILLIS;
    Scored picked = candidates.getFirst();
    boolean found = false;
    long pickedWeight = 0;
    for (Scored candidate : candidates) {
      if (candidate.millis() > limit) {
        continue;
      }
      long weight = rendezvousWeight(request.affinity(), candidate.target().name());
      if (!found || wins(candidate, weight, picked, pickedWeight)) {
        found = true;
        picked = candidate;
        pickedWeight = weight;
      }
    }
    return picked;
  }

  /// The two good ones whose names weigh most beside this request's draw, and those that have the
  /// prompt's beginning: the best of them.
  private static Scored drawn(PlacementRequest request, List<Scored> candidates, double good) {
    Scored first = null;
    Scored second = null;
    Scored holder = null;
    long firstWeight = Long.MIN_VALUE;
    long secondWeight = Long.MIN_VALUE;
    for (Scored candidate : candidates) {
      if (candidate.millis() > good) {
        continue;
      }
      if (request.cachedTokens(candidate.target()) > 0
          && (holder == null
              || isBetter(candidate, holder)
              || isFirstOfEquals(candidate, holder))) {
        holder = candidate;
      }
      long weight = rendezvousWeight(request.draw(), candidate.target().name());
      if (first == null || weight > firstWeight) {
        second = first;
        secondWeight = firstWeight;
        first = candidate;
        firstWeight = weight;
      } else if (second == null || weight > secondWeight) {
        second = candidate;
        secondWeight = weight;
      }
    }
    Scored picked = first == null ? candidates.getFirst() : first;
    if (second != null && isBetter(second, picked)) {
      picked = second;
    }
    // A cached beginning has already paid in the predicted time; between equals it decides.
    return holder != null && !isBetter(picked, holder) ? holder : picked;
  }

  private static boolean isBetter(Scored one, Scored other) {
    int byTime = Double.compare(one.millis(), other.millis());
    if (byTime != 0) {
      return byTime < 0;
    }
    return one.target().zone().compareTo(other.target().zone()) < 0;
  }

  private static boolean isFirstOfEquals(Scored one, Scored other) {
    return one.millis() == other.millis()
        && one.target().zone() == other.target().zone()
        && one.target().name().compareTo(other.target().name()) < 0;
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

  /// Highest random weight (Thaler and Ravishankar, 1998).
  private static long rendezvousWeight(long key, String target) {
    return mix(mix(key) + target.hashCode() * 0x9E3779B97F4A7C15L);
  }

  /// SplitMix64's finalizer (Steele, Lea and Flood, 2014).
  private static long mix(long value) {
    long mixed = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return mixed ^ (mixed >>> 31);
  }
}
