package ringfence.node.cli;

import java.io.Console;
import java.io.PrintWriter;
import java.util.Optional;
import ringfence.node.catalogue.CatalogueEntry.Source;
import ringfence.node.catalogue.PullProgress;

/// A pull's progress on a terminal: one line that is drawn over; elsewhere a line for every tenth.
final class ProgressBar implements PullProgress {
  private static final int WIDTH = 30;
  private static final long REDRAW_NANOS = 100_000_000;

  private final PrintWriter out;
  private final String name;
  private final boolean quiet;
  private final boolean terminal =
      Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
  private long began;
  private long beganAt;
  private long drawn;
  private long tenths;
  private boolean open;

  ProgressBar(PrintWriter out, String name, boolean quiet) {
    this.out = out;
    this.name = name;
    this.quiet = quiet;
  }

  @Override
  public void source(Source source) {
    say("Fetching " + name + " from " + source.describe());
    beganAt = -1;
    tenths = 0;
  }

  @Override
  public void failed(Source source, String why) {
    endLine();
    say("  that source failed: " + why);
  }

  @Override
  public void bytes(long have, long total) {
    long now = System.nanoTime();
    if (quiet) {
      return;
    }
    if (beganAt < 0) {
      beganAt = have;
      began = now;
    }
    if (terminal) {
      if (have < total && now - drawn < REDRAW_NANOS) {
        return;
      }
      drawn = now;
      int full = (int) (WIDTH * have / total);
      out.print(
          "\r  ["
              + "#".repeat(full)
              + " ".repeat(WIDTH - full)
              + "] "
              + figures(have, total, now)
              + "   ");
      open = true;
    } else if (10 * have / total > tenths) {
      tenths = 10 * have / total;
      out.println("  " + figures(have, total, now));
    }
    out.flush();
  }

  private String figures(long have, long total, long now) {
    double seconds = (now - began) / 1e9;
    String speed =
        seconds > 0.2 ? String.format(", %.1f MiB/s", (have - beganAt) / seconds / (1 << 20)) : "";
    return String.format(
        "%3d%%  %d of %d MiB%s", 100 * have / total, have >> 20, total >> 20, speed);
  }

  void done() {
    endLine();
  }

  private void endLine() {
    if (open) {
      out.println();
      out.flush();
      open = false;
    }
  }

  private void say(String line) {
    if (!quiet) {
      out.println(line);
      out.flush();
    }
  }
}
