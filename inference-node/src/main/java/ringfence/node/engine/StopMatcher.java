package ringfence.node.engine;

/// Lets a choice's text through as soon as no stop string can begin in it.
///
/// The answer ends before the stop string that is complete first; of several that end with the same
/// character, before the longest. What is released after which character depends on the text alone,
/// not on how it came in pieces.
final class StopMatcher {
  private final StopStrings stops;
  private final int[] matched;
  private final StringBuilder held = new StringBuilder();
  private String matchedStop = "";

  StopMatcher(StopStrings stops) {
    this.stops = stops;
    this.matched = new int[stops.count()];
  }

  /// Takes the next piece of text and returns what is now certain to be part of the answer. Nothing
  /// comes after a match.
  String next(String text) {
    if (stopped()) {
      return "";
    }
    if (matched.length == 0) {
      return text;
    }
    int certain = 0;
    for (int i = 0; i < text.length(); i++) {
      held.append(text.charAt(i));
      int longest = 0;
      int complete = -1;
      for (int s = 0; s < matched.length; s++) {
        matched[s] = stops.advance(s, matched[s], text.charAt(i));
        longest = Math.max(longest, matched[s]);
        if (matched[s] == stops.string(s).length()
            && (complete < 0 || matched[s] > matched[complete])) {
          complete = s;
        }
      }
      if (complete >= 0) {
        matchedStop = stops.string(complete);
        held.setLength(held.length() - matchedStop.length());
        return rest();
      }
      certain = held.length() - longest;
    }
    String released = held.substring(0, certain);
    held.delete(0, certain);
    return released;
  }

  /// The text ends here: what was held back is part of the answer.
  String rest() {
    String rest = held.toString();
    held.setLength(0);
    return rest;
  }

  /// True when a stop string is complete.
  boolean stopped() {
    return !matchedStop.isEmpty();
  }

  /// The stop string, or empty.
  String matchedStop() {
    return matchedStop;
  }
}
