package ringfence.router.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import ringfence.router.routing.Zone;

/// Who is served first when room comes.
class WaitingRoomTest {
  private final Deque<Runnable> due = new ArrayDeque<>();
  private final WaitingRoom room =
      new WaitingRoom(
          6,
          1_000,
          (nanos, task) -> {
            due.add(task);
            return () -> due.remove(task);
          });
  private final List<String> started = new ArrayList<>();
  private final List<String> tried = new ArrayList<>();
  private final Set<String> hopeless = new HashSet<>();
  private int places;

  private WaitingRoom.Wish wish(
      String tenant, String model, Zone zone, int choices, long deadline) {
    return new WaitingRoom.Wish(tenant, model, zone, choices, 100, deadline, true, true);
  }

  private WaitingRoom.Entry enter(String name, WaitingRoom.Wish wish) {
    return room.enter(
        wish,
        () -> {
          tried.add(name);
          if (places == 0 || hopeless.contains(name)) {
            return false;
          }
          places--;
          started.add(name);
          return true;
        });
  }

  private WaitingRoom.Entry enter(String name, String tenant, long deadline) {
    return enter(name, wish(tenant, "m", Zone.SITE, 1, deadline));
  }

  private void roomComes(int count) {
    places = count;
    tried.clear();
    room.roomMayHaveCome();
    while (!due.isEmpty()) {
      due.poll().run();
    }
  }

  @Test
  void tenantsTakeTurnsAndATenantsOwnGoByTheEarliestDeadline() {
    enter("a-late", "a", 300);
    enter("a-early", "a", 100);
    enter("a-middle", "a", 200);
    enter("b", "b", 900);
    roomComes(4);
    assertThat(started).containsExactly("a-early", "b", "a-middle", "a-late");
    assertThat(room.waiting()).isZero();
  }

  @Test
  void aTurnIsRememberedFromOneRoomToTheNext() {
    enter("a1", "a", 100);
    enter("a2", "a", 200);
    enter("b1", "b", 300);
    roomComes(1);
    roomComes(1);
    assertThat(started).containsExactly("a1", "b1");
  }

  @Test
  void deadlinesAreComparedAcrossTheClocksOverflow() {
    enter("later", "a", Long.MIN_VALUE + 5);
    enter("sooner", "a", Long.MAX_VALUE - 5);
    roomComes(2);
    assertThat(started).containsExactly("sooner", "later");
  }

  @Test
  void whoIsRefusedHoldsUpOnlyThoseWhoAskForAtLeastAsMuch() {
    enter("site", wish("a", "m", Zone.SITE, 2, 100));
    enter("nearer", wish("b", "m", Zone.DEVICE, 2, 100));
    enter("more", wish("c", "m", Zone.SITE, 3, 100));
    enter("farther", wish("d", "m", Zone.DATACENTER, 2, 100));
    enter("fewer", wish("e", "m", Zone.SITE, 1, 100));
    enter("other", wish("f", "n", Zone.SITE, 2, 100));
    hopeless.add("site");
    roomComes(9);
    assertThat(tried).containsExactly("site", "farther", "fewer", "other");
    assertThat(started).containsExactly("farther", "fewer", "other");
  }

  @Test
  void requestsAndBytesAreBounded() {
    for (int i = 0; i < 6; i++) {
      assertThat(enter("r" + i, "t" + i, 100)).isNotNull();
    }
    assertThat(enter("one too many", "t", 100)).isNull();
    roomComes(6);
    WaitingRoom.Wish large = new WaitingRoom.Wish("t", "m", Zone.SITE, 1, 900, 100, true, true);
    assertThat(room.enter(large, () -> false)).isNotNull();
    assertThat(enter("too many bytes", "t", 100)).isNotNull();
    assertThat(enter("by one", "t", 100)).isNull();
  }

  @Test
  void whoHasLeftIsNotCalledAndLeavesOnce() {
    WaitingRoom.Entry gone = enter("gone", "a", 100);
    enter("stays", "a", 200);
    gone.leave();
    gone.leave();
    assertThat(room.waiting()).isEqualTo(1);
    roomComes(5);
    assertThat(tried).containsExactly("stays");
  }

  @Test
  void whoWaitsForOthersThanThoseWhoAreThereHoldsUpNobody() {
    WaitingRoom.Wish room = wish("a", "m", Zone.SITE, 1, 100);
    WaitingRoom.Wish reports = new WaitingRoom.Wish("a", "m", Zone.SITE, 1, 100, 100, false, false);
    WaitingRoom.Entry entry = enter("one", reports);
    assertThat(this.room.isAwaited("m", Zone.SITE)).isFalse();
    enter("two", wish("b", "m", Zone.SITE, 1, 200));
    hopeless.add("one");
    roomComes(1);
    assertThat(started).containsExactly("two");
    entry.wishes(room);
    assertThat(this.room.isAwaited("m", Zone.SITE)).isTrue();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> entry.wishes(wish("a", "m", Zone.SITE, 1, 101)));
    entry.leave();
    assertThat(this.room.waiting()).isZero();
  }

  @Test
  void newsAreGathered() {
    enter("one", "a", 100);
    room.roomMayHaveCome();
    room.roomMayHaveCome();
    assertThat(due).hasSize(1);
    assertThat(room.isAwaited("m", Zone.DEVICE)).isTrue();
    assertThat(room.isAwaited("m", Zone.EXTERNAL)).isFalse();
    assertThat(room.isAwaited("n", Zone.DEVICE)).isFalse();
  }
}
