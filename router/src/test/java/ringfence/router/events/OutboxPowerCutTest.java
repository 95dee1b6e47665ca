package ringfence.router.events;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import ringfence.proto.v1.Event;
import ringfence.router.disk.MemoryDisk;

/// The power is cut before and after every write, sync, rename and removal, and bytes rot: who
/// heard that an event is durable finds it after the restart, and no id ever stands for two events.
class OutboxPowerCutTest {

  @Property(tries = 8)
  void nothingThatWasDurableIsLostAtAnyCut(@ForAll long seed) throws Exception {
    Random random = new Random(seed);
    MemoryDisk disk = new MemoryDisk();
    Set<String> durable = new HashSet<>();
    Map<Long, String> sent = new HashMap<>();
    disk.watch(cut -> {
      MemoryDisk left = cut.afterPowerCut(random);
      try {
        TestOutbox restarted = new TestOutbox(left, TestOutbox.PUBLISHING);
        long floor = restarted.outbox.floor();
        restarted.owe("after the cut");
        restarted.commit();
        Map<Long, String> found = bySequence(left);
        assertThat(found.values()).doesNotHaveDuplicates().contains("after the cut");
        sent.forEach((sequence, request) -> {
          if (sequence > floor) {
            assertThat(found).containsEntry(sequence, request);
          } else if (found.containsKey(sequence)) {
            assertThat(found).containsEntry(sequence, request);
          }
        });
        Set<String> published = new HashSet<>();
        sent.forEach((sequence, request) -> {
          if (sequence <= floor) {
            published.add(request);
          }
        });
        for (String request : durable) {
          assertThat(found.containsValue(request) || published.contains(request))
              .as("%s is there or was published", request)
              .isTrue();
        }
      } catch (IOException damaged) {
        throw new UncheckedIOException(damaged);
      }
    });
    TestOutbox test = new TestOutbox(disk, TestOutbox.PUBLISHING);
    OutboxReader publisher = test.outbox.reader(0);
    int requests = 0;
    for (int step = 0; step < 40; step++) {
      switch (random.nextInt(5)) {
        case 0 -> test.keepHouse();
        case 1 -> {
          long last = test.outbox.floor();
          for (Event event : publisher.next(20, test.outbox.durable())) {
            sent.put(event.getSequence(), event.getUsage().getRequestId());
            last = event.getSequence();
          }
          test.outbox.acknowledged(last);
          test.commit();
        }
        default -> {
          for (int i = random.nextInt(6); i >= 0; i--) {
            String request = "q" + requests++;
            var _ = test.owe(request).thenRun(() -> durable.add(request));
          }
          test.commit();
        }
      }
    }
    assertThat(durable).hasSize(requests);
  }

  private static Map<Long, String> bySequence(MemoryDisk disk) throws IOException {
    Map<Long, String> found = new HashMap<>();
    for (Event event : TestOutbox.all(disk)) {
      assertThat(found.put(event.getSequence(), event.getUsage().getRequestId())).isNull();
    }
    return found;
  }

  @Property(tries = 100)
  void damageLosesNothingButWhatItHits(@ForAll long seed) throws Exception {
    Random random = new Random(seed);
    MemoryDisk disk = new MemoryDisk();
    TestOutbox test = new TestOutbox(disk, TestOutbox.SMALL);
    int requests = 0;
    for (int commit = 0; commit < 12; commit++) {
      for (int i = random.nextInt(4); i >= 0; i--) {
        var _ = test.owe("q" + requests++);
      }
      test.commit();
    }
    Map<Long, String> written = bySequence(disk);
    List<String> segments = EventLog.SEGMENTS.among(disk.names());
    String hit = segments.get(random.nextInt(segments.size()));
    byte[] content = disk.content(hit);
    int at = random.nextInt(content.length);
    List<String> untouched = new ArrayList<>();
    for (var piece : EventLog.FRAMES.pieces(content)) {
      // What the damage does not reach, and what does not end behind it in a cut segment.
      if (piece.offset() + piece.length() <= at) {
        for (var stored : piece.records()) {
          untouched.add(Event.parseFrom(stored.bytes()).getUsage().getRequestId());
        }
      }
    }
    disk.tamper(
        hit,
        switch (random.nextInt(3)) {
          case 0 -> java.util.Arrays.copyOf(content, at);
          case 1 -> {
            content[at] ^= (byte) (1 << random.nextInt(8));
            yield content;
          }
          default -> {
            java.util.Arrays.fill(
                content, at, Math.min(content.length, at + 1 + random.nextInt(200)), (byte) 0);
            yield content;
          }
        });
    TestOutbox again = new TestOutbox(disk, TestOutbox.SMALL);
    again.owe("next");
    again.commit();
    List<Event> left = TestOutbox.all(disk);
    assertThat(left).extracting(Event::getSequence).isSorted().doesNotHaveDuplicates();
    assertThat(left.getLast().getUsage().getRequestId()).isEqualTo("next");
    for (Event event : left.subList(0, left.size() - 1)) {
      assertThat(written).containsEntry(event.getSequence(), event.getUsage().getRequestId());
    }
    assertThat(left.stream().map(event -> event.getUsage().getRequestId())).containsAll(untouched);
    if (!hit.equals(segments.getLast())) {
      assertThat(written).doesNotContainKey(left.getLast().getSequence());
    }
  }
}
