package ringfence.node.compute.vulkan.pass;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringfence.node.compute.Batch;
import ringfence.node.model.Rope;

/// Every position that a token sees is attended to exactly once, whatever the batch.
class StepPlanTest {
  private static final int PAGE_TOKENS = 16;
  private static final int[] WINDOWS = {0, 40};
  private static final int PAIRS = 3;

  private final List<Turns> turns =
      List.of(new Turns(new Rope(Rope.Pairing.HALVES, new float[] {1, 0.1f, 0.01f}, 2)));

  private StepPlan plan(AttentionPlan attention) {
    return new StepPlan(attention, PAGE_TOKENS, WINDOWS, turns);
  }

  private static int[] ints(MemorySegment data, long at, int count) {
    return data.asSlice(at, (long) count * Integer.BYTES).toArray(ValueLayout.JAVA_INT);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everyPositionIsSeenOnce(boolean tilesOnly) {
    Random random = new Random(7);
    for (int round = 0; round < 200; round++) {
      AttentionPlan attention =
          new AttentionPlan(
              1 + random.nextInt(8),
              1 + random.nextInt(20),
              32,
              1 << random.nextInt(9),
              1 << random.nextInt(9),
              tilesOnly);
      StepPlan plan = plan(attention);
      Batch batch = batch(random);
      check(batch, attention, plan, plan.plan(batch));
    }
  }

  private void check(Batch batch, AttentionPlan attention, StepPlan plan, StepShape shape) {
    assertThat(plan.tokens()).isEqualTo(batch.tokens());
    assertThat(shape.tokens()).isGreaterThanOrEqualTo(batch.tokens());
    StepLayout layout = new StepLayout(shape, WINDOWS.length, turns);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(layout.size, 16);
      plan.write(layout, data);
      int[] table = ints(data, layout.table, shape.tableSize());
      int[] slots = ints(data, layout.slots, shape.tokens());
      for (int window = 0; window < WINDOWS.length; window++) {
        Map<Integer, List<int[]>> items = new HashMap<>();
        int[] all = ints(data, layout.items(window), shape.items() * StepLayout.ITEM_INTS);
        for (int at = 0; at < all.length; at += StepLayout.ITEM_INTS) {
          int[] item = java.util.Arrays.copyOfRange(all, at, at + StepLayout.ITEM_INTS);
          if (item[0] != StepLayout.NOBODY) {
            items.computeIfAbsent(item[0], t -> new ArrayList<>()).add(item);
          }
        }
        Map<Integer, int[]> tiled = new HashMap<>();
        int[] tiles = ints(data, layout.tiles, shape.tiles() * StepLayout.TILE_INTS);
        for (int at = 0; at < tiles.length; at += StepLayout.TILE_INTS) {
          assertThat(tiles[at + 1]).isLessThanOrEqualTo(attention.tileTokens());
          for (int i = 0; i < tiles[at + 1]; i++) {
            int[] seen = {tiles[at + 2] + i, tiles[at + 3]};
            assertThat(tiled.put(tiles[at] + i, seen)).isNull();
          }
        }
        int token = 0;
        int parts = 0;
        for (Batch.Run run : batch.runs()) {
          boolean single = run.tokens().length == 1 && !attention.tilesOnly();
          for (int i = 0; i < run.tokens().length; i++) {
            int position = run.position() + i;
            int page = run.pages()[position / PAGE_TOKENS];
            int firstPage;
            if (single) {
              assertThat(tiled).doesNotContainKey(token);
              assertThat(slots[token]).isEqualTo(StepLayout.NOBODY);
              List<int[]> own = items.remove(token);
              firstPage = own.getFirst()[1];
              parts = checkItems(own, position, WINDOWS[window], parts);
            } else {
              assertThat(items).doesNotContainKey(token);
              assertThat(slots[token]).isEqualTo(page * PAGE_TOKENS + position % PAGE_TOKENS);
              assertThat(tiled.get(token)[0]).isEqualTo(position);
              firstPage = tiled.get(token)[1];
            }
            assertThat(table[firstPage + position / PAGE_TOKENS]).isEqualTo(page);
            token++;
          }
        }
        assertThat(items).isEmpty();
        assertThat(parts).isLessThanOrEqualTo(attention.partsLimit());
      }
    }
  }

  private static int checkItems(List<int[]> items, int position, int window, int firstPart) {
    int next = AttentionPlan.seenFrom(position, window);
    assertThat(items.size()).isLessThanOrEqualTo(AttentionPlan.MOST_PARTS);
    for (int i = 0; i < items.size(); i++) {
      int[] item = items.get(i);
      assertThat(item[2]).isEqualTo(next);
      assertThat(item[3]).isGreaterThan(next);
      next = item[3];
      assertThat(item[4]).isEqualTo(position);
      assertThat(item[6]).isEqualTo(i);
      assertThat(item[7]).isEqualTo(items.size());
      if (items.size() > 1) {
        assertThat(item[5]).isEqualTo(firstPart);
      }
    }
    assertThat(next).isEqualTo(position + 1);
    return items.size() > 1 ? firstPart + items.size() : firstPart;
  }

  private static Batch batch(Random random) {
    List<Batch.Run> runs = new ArrayList<>();
    int count = 1 + random.nextInt(20);
    for (int i = 0; i < count; i++) {
      int length = random.nextBoolean() ? 1 : 1 + random.nextInt(50);
      int position = random.nextInt(random.nextInt(4) == 0 ? 5000 : 100);
      int pages = (position + length - 1) / PAGE_TOKENS + 1 + random.nextInt(2);
      int first = random.nextInt(1000);
      runs.add(
          new Batch.Run(
              IntStream.range(0, length).map(t -> random.nextInt(300)).toArray(),
              position,
              IntStream.range(first, first + pages).toArray(),
              random.nextInt(length + 1)));
    }
    return new Batch(runs);
  }

  @Test
  void idsOutputsAndTurnsStandWhereTheLayoutSays() {
    StepPlan plan = plan(new AttentionPlan(2, 8, 32, 16, 16, false));
    int[] pages = {5, 6};
    StepShape shape =
        plan.plan(
            new Batch(
                List.of(
                    new Batch.Run(new int[] {10, 11, 12}, 4, pages, 2),
                    new Batch.Run(new int[] {20}, 17, pages, 1))));
    assertThat(shape).isEqualTo(new StepShape(4, 1, 1, 3, 64));
    StepLayout layout = new StepLayout(shape, WINDOWS.length, turns);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(layout.size, 16);
      plan.write(layout, data);
      assertThat(ints(data, layout.ids, 4)).containsExactly(10, 11, 12, 20);
      assertThat(ints(data, layout.outputs, 3)).containsExactly(1, 2, 3);
      long at = layout.turns(0) + 3L * 2 * PAIRS * Float.BYTES;
      assertThat(data.get(ValueLayout.JAVA_FLOAT, at)).isEqualTo(2 * (float) Math.cos(17));
      assertThat(data.get(ValueLayout.JAVA_FLOAT, at + 4)).isEqualTo(2 * (float) Math.sin(17));
    }
  }

  @Test
  void aShapeIsAtMostAnEighthLargerThanItsStep() {
    for (int count = 1; count < 3000; count++) {
      int rounded = StepShape.rounded(count);
      assertThat(rounded).isBetween(count, Math.max(8, count + count / 4));
      if (count > 64) {
        assertThat(rounded).isLessThanOrEqualTo(count + count / 8 + 1);
      }
      assertThat(StepShape.rounded(rounded)).isEqualTo(rounded);
    }
  }
}
