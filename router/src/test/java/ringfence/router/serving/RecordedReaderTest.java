package ringfence.router.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import ringfence.proto.v1.Event;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.RouteDone;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.Token;
import ringfence.proto.v1.UsageEvent;
import ringfence.router.TestRouter;
import ringfence.router.disk.MemoryDisk;
import ringfence.router.dispatch.AnswerReader;
import ringfence.router.events.Outbox;
import ringfence.router.events.OutboxSettings;
import ringfence.router.events.SilentObserver;
import ringfence.router.policy.budget.Budgets;
import ringfence.router.policy.budget.Spending;

/// The end of an answer and its usage, with a committer that runs when the test says so.
class RecordedReaderTest {
  private final MemoryDisk disk = new MemoryDisk();
  private final List<Runnable> tasks = new ArrayList<>();
  private final List<String> heard = java.util.Collections.synchronizedList(new ArrayList<>());
  private final Outbox outbox;

  RecordedReaderTest() throws IOException {
    outbox =
        Outbox.open(
            disk,
            new OutboxSettings(
                1 << 20, 64 << 10, Duration.ofDays(1), 10, Duration.ofMillis(50), false),
            "test",
            () -> Instant.EPOCH,
            System::nanoTime,
            tasks::add,
            new SilentObserver());
  }

  private static Spending spending() {
    return (Spending) new Budgets(() -> Instant.EPOCH).reserve("t", 10, 10);
  }

  private RecordedReader reader() {
    AnswerReader gateway =
        new AnswerReader() {
          @Override
          public boolean ready() {
            return true;
          }

          @Override
          public void event(RouteEvent event) {
            heard.add(event.getEventCase().name());
          }

          @Override
          public void completed() {
            heard.add("completed");
          }

          @Override
          public void failed(Failure failure) {
            heard.add(failure.getReason().name());
          }
        };
    return new RecordedReader(
        gateway,
        spending(),
        outbox,
        UsageEvent.newBuilder().setRequestId("r"),
        System::nanoTime,
        Runnable::run);
  }

  private void commit() {
    List<Runnable> due = List.copyOf(tasks);
    tasks.clear();
    due.forEach(Runnable::run);
  }

  private UsageEvent kept() throws IOException {
    List<Event> events = outbox.reader(0).next(10, outbox.durable());
    assertThat(events).hasSize(1);
    return events.getFirst().getUsage();
  }

  @Test
  void theEndIsHeardWhenItsUsageIsDurable() throws Exception {
    RecordedReader reader = reader();
    reader.event(RouteEvent.newBuilder().setToken(Token.getDefaultInstance()).build());
    reader.event(RouteEvent.newBuilder().setDone(RouteDone.getDefaultInstance()).build());
    reader.completed();
    CompletableFuture<Void> over = reader.over();
    assertThat(heard).containsExactly("TOKEN");
    assertThat(over).isNotDone();
    commit();
    assertThat(heard).containsExactly("TOKEN", "DONE", "completed");
    assertThat(over).isCompleted();
    assertThat(kept().getOutcome()).isEqualTo(Reason.REASON_UNSPECIFIED);
  }

  @Test
  void aFailureIsHeardWhenItsUsageIsDurable() throws Exception {
    RecordedReader reader = reader();
    reader.failed(Failure.newBuilder().setReason(Reason.TARGET_LOST).build());
    assertThat(heard).isEmpty();
    commit();
    assertThat(heard).containsExactly("TARGET_LOST");
    assertThat(kept().getOutcome()).isEqualTo(Reason.TARGET_LOST);
  }

  @Test
  void anEndThatCantBeKeptIsAFailureAndStaysOwed() throws Exception {
    disk.failWith(_ -> {
      throw new IOException("No space left on device");
    });
    RecordedReader reader = reader();
    reader.event(RouteEvent.newBuilder().setDone(RouteDone.getDefaultInstance()).build());
    reader.completed();
    CompletableFuture<Void> over = reader.over();
    commit();
    TestRouter.await(() -> !heard.isEmpty());
    assertThat(heard).containsExactly("LEDGER_UNAVAILABLE");
    assertThat(over).isNotDone();
    disk.failWith(null);
    TestRouter.await(() -> {
      outbox.keepHouse();
      commit();
      return over.isDone();
    });
    over.get(1, TimeUnit.SECONDS);
    assertThat(kept().getRequestId()).isEqualTo("r");
    assertThat(heard).containsExactly("LEDGER_UNAVAILABLE");
  }
}
