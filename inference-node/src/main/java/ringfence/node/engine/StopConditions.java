package ringfence.node.engine;

import java.util.List;

/// When an answer ends.
///
/// @param strings the answer ends before the first of these
/// @param maxTokens tokens of one choice, those it started with included
/// @param ignoreEndOfGeneration go on after an end-of-sequence token
public record StopConditions(List<String> strings, int maxTokens, boolean ignoreEndOfGeneration) {

  public StopConditions {
    strings = List.copyOf(strings);
  }
}
