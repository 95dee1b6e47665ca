package ringfence.node.compute.vulkan.pass;

import java.util.ArrayList;
import java.util.List;
import ringfence.node.model.ModelSpec;

/// In what a model's layers differ: each different rope and window once, and which of them each
/// layer has.
record LayerKinds(List<Turns> turns, int[] layerTurns, int[] windows, int[] layerWindows) {

  static LayerKinds of(ModelSpec spec) {
    int layers = spec.layers().size();
    List<Turns> turns = new ArrayList<>();
    List<Integer> windows = new ArrayList<>();
    int[] layerTurns = new int[layers];
    int[] layerWindows = new int[layers];
    for (int i = 0; i < layers; i++) {
      ModelSpec.LayerSpec layer = spec.layers().get(i);
      int turn = 0;
      while (turn < turns.size() && !turns.get(turn).rope().equals(layer.rope())) {
        turn++;
      }
      if (turn == turns.size()) {
        turns.add(new Turns(layer.rope()));
      }
      layerTurns[i] = turn;
      int window = windows.indexOf(layer.window());
      if (window < 0) {
        window = windows.size();
        windows.add(layer.window());
      }
      layerWindows[i] = window;
    }
    return new LayerKinds(
        List.copyOf(turns),
        layerTurns,
        windows.stream().mapToInt(Integer::intValue).toArray(),
        layerWindows);
  }
}
