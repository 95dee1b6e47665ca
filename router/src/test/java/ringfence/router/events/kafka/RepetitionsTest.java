package ringfence.router.events.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/// A publisher that dies again and again, partitions that are written in bursts and lose what was
/// under way: each event counts once.
class RepetitionsTest {
  private static final int EVENTS = 400;
  private static final int PARTITIONS = 3;

  private record Written(long sequence, long floor) {}

  @Property(tries = 200)
  void eachEventCountsOnce(@ForAll long seed) {
    Random random = new Random(seed);
    List<List<Written>> partitions = new ArrayList<>();
    for (int i = 0; i < PARTITIONS; i++) {
      partitions.add(new ArrayList<>());
    }
    long floor = 0;
    while (floor < EVENTS) {
      floor = publish(random, partitions, floor);
    }
    assertThat(counted(random, partitions))
        .hasSize(EVENTS)
        .allSatisfy((_, times) -> assertThat(times).isEqualTo(1));
  }

  /// One life of a publisher: what it wrote down last.
  private static long publish(Random random, List<List<Written>> partitions, long from) {
    TreeMap<Long, Integer> underWay = new TreeMap<>();
    long floor = from;
    long next = from + 1;
    int steps = 20 + random.nextInt(200);
    for (int step = 0; step < steps; step++) {
      if (next <= EVENTS && underWay.size() < 40 && random.nextInt(3) > 0) {
        int partition = Math.floorMod(Long.hashCode(next * 31), PARTITIONS);
        partitions.get(partition).add(new Written(next, floor));
        underWay.put(next, partition);
        next++;
      } else if (random.nextBoolean()) {
        // The oldest are acknowledged; that is written down now and then.
        for (int i = random.nextInt(8); i > 0 && !underWay.isEmpty(); i--) {
          underWay.pollFirstEntry();
        }
        if (random.nextInt(3) == 0) {
          floor = underWay.isEmpty() ? next - 1 : underWay.firstKey() - 1;
        }
      }
    }
    // It dies: a partition may have lost the end of what was not acknowledged.
    for (int partition = 0; partition < PARTITIONS; partition++) {
      List<Written> log = partitions.get(partition);
      while (!log.isEmpty()
          && underWay.containsKey(log.getLast().sequence())
          && log.getLast().sequence() > floor
          && random.nextInt(4) > 0) {
        log.removeLast();
      }
    }
    return floor;
  }

  private static Map<Long, Integer> counted(Random random, List<List<Written>> partitions) {
    Repetitions repetitions = new Repetitions();
    Map<Long, Integer> counted = new HashMap<>();
    int[] read = new int[PARTITIONS];
    Set<Integer> left = new HashSet<>(List.of(0, 1, 2));
    while (!left.isEmpty()) {
      int partition = left.stream().skip(random.nextInt(left.size())).findFirst().orElseThrow();
      List<Written> log = partitions.get(partition);
      for (int i = random.nextInt(50); i >= 0 && read[partition] < log.size(); i--) {
        Written record = log.get(read[partition]++);
        if (!repetitions.isRepetition(
            "usage-" + partition, "box", record.sequence(), record.floor())) {
          counted.merge(record.sequence(), 1, Integer::sum);
        }
      }
      if (read[partition] == log.size()) {
        left.remove(partition);
      }
    }
    return counted;
  }
}
