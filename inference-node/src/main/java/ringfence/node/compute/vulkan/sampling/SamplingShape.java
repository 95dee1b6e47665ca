package ringfence.node.compute.vulkan.sampling;

import java.util.List;
import ringfence.node.compute.Outputs;

/// What a recording has to do so that some draws can be made by it: recordings of equal shapes are
/// interchangeable.
///
/// @param draws room for so many, a power of two or all that there may be
/// @param adjusts some have bias, penalties or a mask
/// @param logProbs some want log probabilities
public record SamplingShape(int draws, boolean adjusts, boolean logProbs) {

  /// The least shape that serves all of these.
  ///
  /// @param most draws that there may ever be
  static SamplingShape of(List<Outputs.Wanted> wanted, int most) {
    int draws = 1;
    while (draws < wanted.size()) {
      draws *= 2;
    }
    boolean adjusts = false;
    boolean logProbs = false;
    for (Outputs.Wanted each : wanted) {
      adjusts |= DrawTable.isAdjusted(each.draw());
      logProbs |= each.draw().topLogProbs() >= 0;
    }
    return new SamplingShape(Math.min(draws, most), adjusts, logProbs);
  }

  /// Parts into which the search for a row's best is split: a few rows still keep a large device
  /// busy.
  int splits() {
    return Math.clamp(512 / draws, 8, 64);
  }
}
