package ringfence.router.events;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import ringfence.proto.v1.Event;
import ringfence.router.disk.MemoryDisk;

class OutboxTest {
  private final MemoryDisk disk = new MemoryDisk();

  @Test
  void whatWaitsAtOneTimeIsSyncedOnce() throws Exception {
    TestOutbox test = new TestOutbox(disk, TestOutbox.SMALL);
    List<CompletableFuture<Void>> owed = List.of(test.owe("a"), test.owe("b"), test.owe("c"));
    test.tell("p");
    assertThat(owed).noneMatch(CompletableFuture::isDone);
    test.commit();
    assertThat(owed).allMatch(CompletableFuture::isDone);
    assertThat(test.said).containsExactly("committed 4");
    List<Event> events = TestOutbox.all(disk);
    assertThat(events).extracting(Event::getSequence).containsExactly(1L, 2L, 3L, 4L);
    assertThat(events).allMatch(event -> event.getOutbox().equals(test.outbox.id()));
    assertThat(events).allMatch(event -> event.getRouter().equals("test"));
  }

  @Test
  void itGoesOnAfterARestartUnderTheSameId() throws Exception {
    TestOutbox first = new TestOutbox(disk, TestOutbox.SMALL);
    first.owe("a");
    first.commit();
    TestOutbox second = new TestOutbox(disk, TestOutbox.SMALL);
    assertThat(second.outbox.id()).isEqualTo(first.outbox.id());
    second.owe("b");
    second.commit();
    assertThat(TestOutbox.all(disk)).extracting(Event::getSequence).containsExactly(1L, 2L);
  }

  @Test
  void whatIsOwedOutlivesADiskThatFailsAndIsThereOnce() throws Exception {
    TestOutbox test = new TestOutbox(disk, TestOutbox.SMALL);
    test.owe("before");
    test.commit();
    for (String failing : List.of("write", "force", "create")) {
      disk.failWith(call -> {
        if (call.equals(failing)) {
          throw new IOException("No space left on device");
        }
      });
      CompletableFuture<Void> owed = test.owe("during " + failing);
      for (int i = 0; i < 12; i++) {
        // Enough to begin new segments.
        test.owe(failing + i);
      }
      test.commit();
      test.keepHouse();
      if (!failing.equals("create")) {
        assertThat(owed).isNotDone();
        assertThat(test.outbox.refusal()).contains("can't be written");
        int before = test.dropped;
        test.tell("nobody waits for this");
        assertThat(test.dropped).isEqualTo(before + 1);
      }
      disk.failWith(null);
      test.keepHouse();
      test.keepHouse();
      assertThat(owed).isCompleted();
      assertThat(test.outbox.refusal()).isNull();
    }
    assertThat(TestOutbox.usages(disk))
        .hasSize(1 + 3 * 13)
        .doesNotHaveDuplicates()
        .contains("before", "during write", "during force", "during create");
  }

  @Test
  void noMoreThanSoManyToldEventsWait() throws Exception {
    TestOutbox test = new TestOutbox(disk, TestOutbox.SMALL);
    for (int i = 0; i < 12; i++) {
      test.tell("p" + i);
    }
    assertThat(test.dropped).isEqualTo(4);
    test.commit();
    test.tell("there is room again");
    assertThat(test.dropped).isEqualTo(4);
  }

  @Test
  void withoutAReceiverTheOldestGoes() throws Exception {
    TestOutbox test = new TestOutbox(disk, TestOutbox.SMALL);
    for (int i = 0; i < 400; i++) {
      assertThat(test.outbox.refusal()).isNull();
      test.owe("r" + i);
      test.commit();
      test.keepHouse();
    }
    assertThat(test.outbox.bytes()).isLessThan(12_000);
    assertThat(TestOutbox.usages(disk)).last().isEqualTo("r399");
    test.nanos += TimeUnit.DAYS.toNanos(2);
    test.keepHouse();
    test.owe("young");
    test.commit();
    test.keepHouse();
    assertThat(TestOutbox.usages(disk)).containsExactly("young");
  }

  @Test
  void whatIsNotPublishedStaysThenPlacementsGoThenRequestsAreRefused() throws Exception {
    TestOutbox test = new TestOutbox(disk, TestOutbox.PUBLISHING);
    int owed = 0;
    while (test.outbox.bytes() < 15_000) {
      assertThat(test.dropped).isZero();
      test.owe("r" + owed++);
      test.commit();
      test.keepHouse();
    }
    test.tell("a placement");
    assertThat(test.dropped).isEqualTo(1);
    assertThat(test.outbox.refusal()).isNull();
    while (test.outbox.bytes() < 18_000) {
      test.owe("r" + owed++);
      test.commit();
    }
    assertThat(test.outbox.refusal()).contains("full");
    // What was begun is still taken.
    CompletableFuture<Void> last = test.owe("last");
    test.commit();
    assertThat(last).isCompleted();
    assertThat(TestOutbox.usages(disk)).hasSize(owed + 1).doesNotHaveDuplicates();

    test.outbox.acknowledged(test.outbox.durable());
    test.commit();
    assertThat(test.outbox.refusal()).isNull();
    assertThat(test.outbox.bytes()).isLessThan(11_000);
    assertThat(test.outbox.floor()).isEqualTo(test.outbox.durable());
    assertThat(new TestOutbox(disk, TestOutbox.PUBLISHING).outbox.floor())
        .isEqualTo(test.outbox.durable());
  }

  @Test
  void readersSeeNothingBeyondWhatIsDurable() throws Exception {
    TestOutbox test = new TestOutbox(disk, TestOutbox.SMALL);
    test.owe("a");
    test.commit();
    OutboxReader reader = test.outbox.reader(0);
    disk.failWith(call -> {
      if (call.equals("force")) {
        throw new IOException("the disk is gone");
      }
    });
    test.owe("written, not synced");
    test.commit();
    assertThat(reader.next(10, test.outbox.durable())).hasSize(1);
    assertThat(reader.next(10, test.outbox.durable())).isEmpty();
    disk.failWith(null);
    test.keepHouse();
    test.keepHouse();
    assertThat(reader.next(10, test.outbox.durable()))
        .singleElement()
        .matches(event -> event.getUsage().getRequestId().equals("written, not synced"));
    assertThat(reader.next(10, test.outbox.durable())).isEmpty();
  }

  @Test
  void aSequenceIsNeverUsedAgainAfterTheEndWasCutOff() throws Exception {
    TestOutbox test = new TestOutbox(disk, TestOutbox.SMALL);
    for (int i = 0; i < 3; i++) {
      test.owe("r" + i);
      test.commit();
    }
    String segment = EventLog.SEGMENTS.among(disk.names()).getLast();
    byte[] content = disk.content(segment);
    content[content.length - 1] ^= 1;
    disk.tamper(segment, content);
    TestOutbox again = new TestOutbox(disk, TestOutbox.SMALL);
    again.owe("next");
    again.commit();
    assertThat(TestOutbox.usages(disk)).containsExactly("r0", "r1", "next");
    assertThat(TestOutbox.all(disk).getLast().getSequence()).isGreaterThan(3);
    assertThat(again.said).anyMatch(said -> said.startsWith("cut off"));
  }

  @Test
  void closingWritesWhatIsLeft() throws Exception {
    TestOutbox test = new TestOutbox(disk, TestOutbox.SMALL);
    CompletableFuture<Void> owed = test.owe("a");
    test.tell("p");
    test.tasks.clear();
    test.outbox.close();
    assertThat(owed).isCompleted();
    assertThat(TestOutbox.all(disk)).hasSize(2);
  }
}
