package ringfence.router.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import ringfence.proto.v1.LedgerRecord;
import ringfence.router.disk.MemoryDisk;

class LedgerTest {
  private final MemoryDisk disk = new MemoryDisk();

  @Test
  void aReceiptComesOnlyWhenTheRecordIsDurable() throws Exception {
    Journal journal = new Journal(disk);
    CompletableFuture<LedgerReceipt> receipt = journal.append("r1");
    assertThat(receipt).isNotDone();
    journal.commit();
    assertThat(receipt.join().sequence()).isEqualTo(1);
    assertThat(receipt.join().departure().getByteCount()).isEqualTo(Journal.content("r1").size());
  }

  @Test
  void allThatWaitIsMadeDurableByOneSync() throws Exception {
    Journal journal = new Journal(disk);
    List<String> calls = new ArrayList<>();
    disk.failWith(calls::add);
    List<CompletableFuture<LedgerReceipt>> receipts = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      receipts.add(journal.append("r" + i));
    }
    journal.commit();
    assertThat(receipts).allSatisfy(receipt -> assertThat(receipt).isCompleted());
    assertThat(calls).containsOnlyOnce("write").containsOnlyOnce("force");
    assertThat(journal.said).containsExactly("committed 8");
  }

  @Test
  void moreThanMayWaitIsRefused() throws Exception {
    Journal journal = new Journal(disk);
    for (int i = 0; i < 8; i++) {
      journal.append("r" + i);
    }
    assertThatThrownBy(journal.append("one more")::join)
        .hasCauseInstanceOf(LedgerUnavailableException.class)
        .hasMessageContaining("8 records wait");
    journal.commit();
    assertThat(journal.append("later")).isNotDone();
  }

  @Test
  void whatWaitsTooLongIsRefusedAlsoInACommitThatHangs() throws Exception {
    Journal journal = new Journal(disk);
    CompletableFuture<LedgerReceipt> hanging = journal.append("r1");
    disk.failWith(call -> {
      if (call.equals("force")) {
        journal.nanos += 3_000_000_000L;
        journal.ledger.keepHouse();
        assertThat(hanging).isCompletedExceptionally();
      }
    });
    journal.commit();
    assertThat(hanging).isCompletedExceptionally();
    disk.failWith(null);

    CompletableFuture<LedgerReceipt> queued = journal.append("r2");
    journal.nanos += 3_000_000_000L;
    journal.ledger.keepHouse();
    assertThat(queued).isCompletedExceptionally();
  }

  @Test
  void theSameRequestIsFoundByItsTenantAlone() throws Exception {
    Journal journal = new Journal(disk).filled(30);
    List<Ledger.Found> found = journal.ledger.find("r17", "acme");
    assertThat(found).hasSize(1);
    LedgerRecord record = LedgerRecord.parseFrom(found.getFirst().stored());
    assertThat(record.getDeparture().getRequestId()).isEqualTo("r17");
    assertThat(LedgerKeys.sha256(found.getFirst().stored()))
        .isEqualTo(journal.ledger.vouch(found.getFirst()).getHash());
    assertThat(journal.ledger.find("r17", "other")).isEmpty();
    assertThat(journal.ledger.find("r17", "")).isEmpty();
    assertThat(journal.ledger.find("never", "acme")).isEmpty();
  }

  @Test
  void theHashIsKeyedByThisLedger() throws Exception {
    Journal one = new Journal(disk).filled(1);
    Journal other = new Journal(new MemoryDisk()).filled(1);
    assertThat(hash(one)).hasSize(32).isNotEqualTo(hash(other));
    assertThat(hash(new Journal(disk).filled(1))).isEqualTo(hash(one));
  }

  private static byte[] hash(Journal journal) throws IOException {
    return journal
        .ledger
        .find("r1", "acme")
        .getLast()
        .record()
        .getDeparture()
        .getKeyedHash()
        .toByteArray();
  }

  @Test
  void contentIsNowhereOnTheDisk() throws Exception {
    new Journal(disk).filled(20);
    for (String name : disk.names()) {
      assertThat(ByteString.copyFrom(disk.content(name)).toStringUtf8())
          .doesNotContain("the words of");
    }
  }

  @Test
  void aFailedSyncRefusesAllThatWaitAndIsTakenBack() throws Exception {
    for (String failing : List.of("create", "write", "force")) {
      MemoryDisk broken = new MemoryDisk();
      Journal journal = new Journal(broken);
      if (!failing.equals("create")) {
        journal.filled(3);
      }
      long before = journal.ledger.records();
      CompletableFuture<LedgerReceipt> one = journal.append("lost-1");
      CompletableFuture<LedgerReceipt> two = journal.append("lost-2");
      broken.failWith(call -> {
        if (call.equals(failing)) {
          throw new IOException("No space left on device");
        }
      });
      journal.commit();
      assertThatThrownBy(one::join)
          .isInstanceOf(CompletionException.class)
          .hasCauseInstanceOf(LedgerUnavailableException.class);
      assertThat(two).isCompletedExceptionally();
      assertThat(journal.said.getLast()).contains("No space left");
      // At once, without asking the disk again and again.
      assertThat(journal.append("too soon")).isCompletedExceptionally();

      broken.failWith(null);
      journal.nanos += 1_000_000_000L;
      CompletableFuture<LedgerReceipt> later = journal.append("later");
      journal.commit();
      assertThat(later.join().sequence()).isEqualTo(before + 1);
      assertThat(journal.ledger.find("lost-1", "acme")).isEmpty();

      Journal restarted = new Journal(broken.afterPowerCut(new java.util.Random(1)));
      assertThat(restarted.ledger.records()).isEqualTo(before + 1);
      assertThat(restarted.ledger.find("later", "acme")).hasSize(1);
    }
  }

  @Test
  void nothingIsWrittenOnTopOfATailThatCannotBeTakenBack() throws Exception {
    Journal journal = new Journal(disk).filled(3);
    disk.failWith(call -> {
      if (call.equals("force") || call.equals("truncate")) {
        throw new IOException("I/O error");
      }
    });
    CompletableFuture<LedgerReceipt> lost = journal.append("lost");
    journal.commit();
    journal.nanos += 1_000_000_000L;
    CompletableFuture<LedgerReceipt> alsoLost = journal.append("also lost");
    journal.commit();
    assertThat(lost).isCompletedExceptionally();
    assertThat(alsoLost).isCompletedExceptionally();
    disk.failWith(null);
    journal.nanos += 1_000_000_000L;
    CompletableFuture<LedgerReceipt> later = journal.append("later");
    journal.commit();
    assertThat(later.join().sequence()).isEqualTo(4);
  }

  @Test
  void retentionByCountKeepsTheChainVerifiable() throws Exception {
    Journal journal = new Journal(disk);
    for (int i = 0; i < 200; i++) {
      journal.append("r" + i);
      journal.commit();
      journal.ledger.keepHouse();
      journal.commit();
    }
    assertThat(journal.said).anyMatch(line -> line.startsWith("dropped"));
    assertThat(journal.ledger.records()).isBetween(40L, 70L);
    assertThat(journal.ledger.find("r0", "acme")).isEmpty();
    assertThat(journal.ledger.find("r199", "acme")).hasSize(1);
    assertThat(TamperTest.problems(disk)).isEmpty();
    assertThat(new Journal(disk).ledger.records()).isEqualTo(journal.ledger.records());
  }

  @Test
  void retentionByAgeDropsWhatIsOld() throws Exception {
    Journal journal = new Journal(disk).filled(12);
    journal.nanos += java.time.Duration.ofDays(2).toNanos();
    journal.ledger.keepHouse();
    journal.commit();
    assertThat(journal.ledger.find("r1", "acme")).isEmpty();
    assertThat(journal.ledger.records()).isEqualTo(1);
    assertThat(TamperTest.problems(disk)).isEmpty();
    journal.filled(1);
    assertThat(new Journal(disk).ledger.find("r1", "acme")).hasSize(1);
  }

  @Test
  void recordsWithoutTheirKeysAreNotGoneOnWith() throws Exception {
    new Journal(disk).filled(1);
    disk.delete(LedgerKeys.HASH_KEY);
    assertThatThrownBy(() -> new Journal(disk))
        .isInstanceOf(LedgerDamagedException.class)
        .hasMessageContaining("hash.key");
  }

  @Test
  void aClosedLedgerRefuses() throws Exception {
    Journal journal = new Journal(disk);
    CompletableFuture<LedgerReceipt> waiting = journal.append("r1");
    journal.ledger.close();
    assertThat(waiting).isCompletedExceptionally();
    assertThat(journal.append("r2")).isCompletedExceptionally();
  }
}
