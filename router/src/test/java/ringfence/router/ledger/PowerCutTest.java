package ringfence.router.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import ringfence.router.disk.MemoryDisk;

/// The power is cut before and after every single write, sync, rename and removal: whoever had a
/// receipt by then finds the record after the restart, and the chain goes on.
class PowerCutTest {

  @Property(tries = 8)
  void noReceiptWithoutARecordAtAnyCut(@ForAll long seed) throws Exception {
    Random random = new Random(seed);
    MemoryDisk disk = new MemoryDisk();
    Map<String, Long> receipts = new LinkedHashMap<>();
    disk.watch(cut -> {
      MemoryDisk left = cut.afterPowerCut(random);
      try {
        Journal restarted = new Journal(left);
        for (Map.Entry<String, Long> had : receipts.entrySet()) {
          if (restarted.ledger.find(had.getKey(), "acme").isEmpty()) {
            assertThat(had.getValue())
                .as("%s was dropped by retention", had.getKey())
                .isLessThanOrEqualTo(droppedThrough(left));
          }
        }
        restarted.filled(1);
        assertThat(TamperTest.problems(left)).isEmpty();
      } catch (IOException damaged) {
        throw new UncheckedIOException(damaged);
      }
    });
    Journal journal = new Journal(disk);
    int requests = 0;
    for (int step = 0; step < 20; step++) {
      switch (random.nextInt(6)) {
        case 0 -> {
          journal.ledger.keepHouse();
          journal.commit();
        }
        case 1 -> journal.nanos += random.nextLong(1_000_000_000L);
        default -> {
          for (int i = random.nextInt(6); i >= 0; i--) {
            String request = "q" + requests++;
            var _ =
                journal
                    .append(request)
                    .thenAccept(receipt -> receipts.put(request, receipt.sequence()));
          }
          journal.commit();
        }
      }
    }
    assertThat(receipts).isNotEmpty();
  }

  private static long droppedThrough(MemoryDisk disk) throws IOException {
    return ChainReader.check(disk, TamperTest.key(disk)).droppedThrough();
  }
}
