package ringfence.router.routing;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.Placement.Reason;
import ringfence.router.routing.Placement.Refused;
import ringfence.router.routing.Placement.Verdict;
import ringfence.router.routing.Scorer.Prediction;
import ringfence.router.routing.filter.CapacityFilter;
import ringfence.router.routing.filter.ContextFilter;
import ringfence.router.routing.filter.ContinuationFilter;
import ringfence.router.routing.filter.ExclusionFilter;
import ringfence.router.routing.filter.HealthFilter;
import ringfence.router.routing.filter.ModelFilter;
import ringfence.router.routing.filter.OptionFilter;

/// The chain of placement: screens, filters, scorer, picker. Every attempt of every request passes
/// here.
public final class Placer {
  private static final long DEFAULT_RETRY_MILLIS = 1_000;
  private static final long MAX_RETRY_MILLIS = 60_000;

  private final List<Screen> screens;
  private final List<Filter> filters;
  private final Scorer scorer;
  private final Picker picker;

  private Placer(List<Screen> screens, List<Filter> filters, Scorer scorer, Picker picker) {
    this.screens = screens;
    this.filters = filters;
    this.scorer = scorer;
    this.picker = picker;
  }

  /// The chain in use. The order of the filters matters: the first that leaves nobody names the
  /// reason.
  ///
  /// @param silenceLimitNanos a target that was not heard of for longer is out
  /// @param queueLimit sequences that may wait on one target
  public static Placer standard(long silenceLimitNanos, int queueLimit) {
    return new Placer(
        List.of(new ZoneScreen()),
        List.of(
            new ModelFilter(),
            new OptionFilter(),
            new ContinuationFilter(),
            new ContextFilter(),
            new HealthFilter(silenceLimitNanos),
            new ExclusionFilter(),
            new CapacityFilter(queueLimit)),
        new FinishTimeScorer(),
        new BestPicker());
  }

  /// Places one attempt.
  public Placement place(PlacementRequest request, List<TargetView> targets) {
    Round round = new Round(request, targets);
    if (round.left == 0) {
      return new Refused(Reason.NO_CAPACITY, DEFAULT_RETRY_MILLIS, round.explained());
    }
    for (Screen screen : screens) {
      round.keep(screen);
    }
    if (round.left == 0) {
      return new Refused(Reason.NO_TARGET_IN_ZONE, 0, round.explained());
    }
    for (Filter filter : filters) {
      round.keep(filter);
      if (round.left == 0) {
        return refused(round, filter);
      }
    }
    return round.best();
  }

  private Refused refused(Round round, Filter filter) {
    Reason reason = filter.whenNoneIsLeft();
    if (reason == Reason.UNKNOWN_MODEL && round.servedOutsideTheLabel()) {
      reason = Reason.NO_TARGET_IN_ZONE;
    }
    long retryAfter = reason == Reason.NO_CAPACITY ? round.predictedRoomMillis(filter) : 0;
    return new Refused(reason, retryAfter, round.explained());
  }

  /// One placement: the targets, and what was decided about each so far.
  private final class Round {
    private final PlacementRequest request;
    private final List<TargetView> targets;
    private final @Nullable String[] decidedBy;
    private final @Nullable String[] explanations;
    private int left;

    Round(PlacementRequest request, List<TargetView> targets) {
      this.request = request;
      this.targets = targets;
      this.left = targets.size();
      this.decidedBy = new @Nullable String[left];
      this.explanations = new @Nullable String[left];
    }

    void keep(Screen screen) {
      for (int i = 0; i < decidedBy.length; i++) {
        if (decidedBy[i] == null) {
          decide(i, screen.name(), screen.forbids(request, targets.get(i)));
        }
      }
    }

    void keep(Filter filter) {
      for (int i = 0; i < decidedBy.length; i++) {
        if (decidedBy[i] == null) {
          decide(i, filter.name(), filter.rejects(request, targets.get(i)));
        }
      }
    }

    private void decide(int target, String rule, @Nullable String objection) {
      if (objection != null) {
        decidedBy[target] = rule;
        explanations[target] = objection;
        left--;
      }
    }

    Placed best() {
      Prediction[] predicted = new Prediction[decidedBy.length];
      @Nullable Zone nearest = null;
      @Nullable Zone inTime = null;
      for (int i = 0; i < predicted.length; i++) {
        if (decidedBy[i] == null) {
          Zone zone = targets.get(i).zone();
          predicted[i] = scorer.predict(request, targets.get(i));
          nearest = nearest == null ? zone : Zone.nearer(nearest, zone);
          if (meetsObjective(predicted[i])) {
            inTime = inTime == null ? zone : Zone.nearer(inTime, zone);
          }
        }
      }
      // The nearest zone that can keep the objective; where none can, whoever finishes first.
      List<Picker.Scored> candidates = new ArrayList<>(left);
      for (int i = 0; i < predicted.length; i++) {
        if (decidedBy[i] == null && isCandidate(targets.get(i), predicted[i], inTime)) {
          candidates.add(new Picker.Scored(targets.get(i), predicted[i].finishMillis()));
        }
      }
      TargetView picked = picker.pick(request, candidates).target();
      String rule = rule(picked, nearest, inTime);
      return placed(picked, rule, predicted, inTime);
    }

    private boolean meetsObjective(Prediction prediction) {
      return prediction.firstTokenMillis() <= request.maxWaitMillis();
    }

    private boolean isCandidate(TargetView target, Prediction prediction, @Nullable Zone inTime) {
      return inTime == null || (target.zone() == inTime && meetsObjective(prediction));
    }

    private String rule(TargetView picked, @Nullable Zone nearest, @Nullable Zone inTime) {
      if (left == 1) {
        return "only-target";
      }
      if (inTime == null) {
        return "least-late";
      }
      if (inTime != nearest) {
        return "overflow";
      }
      return request.cachedTokens(picked) > 0 ? "prefix-cache" : scorer.name();
    }

    private Placed placed(
        TargetView picked, String rule, Prediction[] predicted, @Nullable Zone inTime) {
      List<Verdict> verdicts = new ArrayList<>(predicted.length);
      double first = 0;
      double finish = 0;
      for (int i = 0; i < predicted.length; i++) {
        TargetView target = targets.get(i);
        String objector = decidedBy[i];
        if (objector != null) {
          verdicts.add(verdict(i, objector));
          continue;
        }
        String why;
        if (target.name().equals(picked.name())) {
          why = "chosen";
          first = predicted[i].firstTokenMillis();
          finish = predicted[i].finishMillis();
        } else if (isCandidate(target, predicted[i], inTime)) {
          why = "another finishes sooner or ties better";
        } else if (meetsObjective(predicted[i])) {
          why = "a nearer zone keeps the objective";
        } else {
          why = "misses the objective";
        }
        verdicts.add(new Verdict(target, rule, why, predicted[i].finishMillis()));
      }
      return new Placed(picked, rule, first, finish, verdicts);
    }

    List<Verdict> explained() {
      List<Verdict> verdicts = new ArrayList<>(decidedBy.length);
      for (int i = 0; i < decidedBy.length; i++) {
        String objector = decidedBy[i];
        if (objector != null) {
          verdicts.add(verdict(i, objector));
        }
      }
      return verdicts;
    }

    private Verdict verdict(int target, String objector) {
      String explanation = explanations[target];
      return new Verdict(targets.get(target), objector, explanation == null ? "" : explanation, 0);
    }

    boolean servedOutsideTheLabel() {
      for (int i = 0; i < decidedBy.length; i++) {
        if (!"model".equals(decidedBy[i]) && targets.get(i).model(request.model()) != null) {
          return true;
        }
      }
      return false;
    }

    /// When the first of the targets that had no room is predicted to have some.
    long predictedRoomMillis(Filter lastFilter) {
      double soonest = Double.MAX_VALUE;
      for (int i = 0; i < decidedBy.length; i++) {
        if (lastFilter.name().equals(decidedBy[i])) {
          TargetView target = targets.get(i);
          ModelView model = target.model(request.model());
          if (model != null && model.sequences() > 0) {
            soonest =
                Math.min(
                    soonest, scorer.predict(request, target).finishMillis() / model.sequences());
          }
        }
      }
      if (soonest == Double.MAX_VALUE) {
        return DEFAULT_RETRY_MILLIS;
      }
      return Math.clamp((long) soonest, DEFAULT_RETRY_MILLIS, MAX_RETRY_MILLIS);
    }
  }
}
