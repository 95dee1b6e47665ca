package ringfence.node.compute;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.sampling.Draw;
import ringfence.node.compute.sampling.Drawn;
import ringfence.node.compute.sampling.Sampler;

/// What is wanted of a batch's outputs, and what came of it: of each row either its logits or one
/// or more tokens drawn from it. Kept and filled anew for each pass, by the engine's one thread.
///
/// The engine calls [#reset] and [#draw]; the backend reads [#draws] and calls [#drawn(int, Drawn)]
/// for each, or fills all rows of [#logits] and calls [#drawOnHost]; the engine then reads
/// [#drawn(int)], and [#logits] of rows without a draw.
public final class Outputs {
  private final int vocabulary;
  private final Logits logits;
  private final List<Wanted> draws = new ArrayList<>();
  private final List<@Nullable Drawn> results = new ArrayList<>();
  private boolean[] drawnFrom = new boolean[0];
  private int rows;
  private boolean onHost;
  private @Nullable Sampler sampler;

  /// A draw from a row.
  public record Wanted(int row, Draw draw) {}

  /// @param rowLength logits of a row
  /// @param vocabulary ids that may be drawn, from 0 on; at most `rowLength`
  public Outputs(int rowLength, int vocabulary) {
    this.vocabulary = vocabulary;
    this.logits = new Logits(rowLength);
  }

  /// Starts anew for a batch with so many outputs, of all of which logits are wanted.
  public void reset(int outputs) {
    rows = outputs;
    draws.clear();
    results.clear();
    drawnFrom = new boolean[outputs];
    onHost = false;
  }

  /// Wants a token drawn from a row, whose logits are then not wanted.
  ///
  /// @return the draw's number: 0 for the first since [#reset], and so on
  public int draw(int row, Draw draw) {
    drawnFrom[row] = true;
    draws.add(new Wanted(row, draw));
    results.add(null);
    return draws.size() - 1;
  }

  /// Rows that the batch computes.
  public int rows() {
    return rows;
  }

  /// Ids that may be drawn; logits behind them are ignored, whatever they are.
  public int vocabulary() {
    return vocabulary;
  }

  /// All draws, by number.
  public List<Wanted> draws() {
    return draws;
  }

  /// True when the row's logits are wanted.
  public boolean wantsLogits(int row) {
    return !drawnFrom[row];
  }

  /// Where rows of logits go. A backend that draws tokens itself fills the wanted ones only, after
  /// `logits().resize(rows())`.
  public Logits logits() {
    return logits;
  }

  /// A draw's result.
  public void drawn(int number, Drawn drawn) {
    results.set(number, drawn);
  }

  /// Leaves all draws to the host: [#logits] has every row. A token is drawn when it is read, which
  /// spares those that nobody reads.
  public void drawOnHost() {
    onHost = true;
  }

  /// What came of a draw.
  ///
  /// @throws IllegalStateException when no pass has been computed since it was asked for
  public Drawn drawn(int number) {
    Drawn drawn = results.get(number);
    if (drawn == null && onHost) {
      Wanted wanted = draws.get(number);
      drawn = sampler().next(logits.row(wanted.row()), wanted.draw());
      results.set(number, drawn);
    }
    if (drawn == null) {
      throw new IllegalStateException("draw " + number + " has no result");
    }
    return drawn;
  }

  private Sampler sampler() {
    Sampler made = sampler;
    if (made == null) {
      made = new Sampler(vocabulary);
      sampler = made;
    }
    return made;
  }
}
