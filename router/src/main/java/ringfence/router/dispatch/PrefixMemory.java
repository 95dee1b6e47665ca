package ringfence.router.dispatch;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import ringfence.proto.v1.RouteRequest;
import ringfence.router.routing.TargetView;

/// Which target lately computed which prompt's beginning, so that another prompt with the same
/// beginning goes where its KV pages may still lie. It knows beginnings by keyed hashes only
/// ([PromptPrefixes]), remembers a bounded number of them, the most recently used, and forgets one
/// that a target says it no longer has. Safe for use by many threads.
public final class PrefixMemory {
  private static final int TARGETS_PER_PREFIX = 4;

  private final long secret0;
  private final long secret1;
  private final LinkedHashMap<Long, List<Holder>> holders;

  /// An empty memory with a secret of its own.
  ///
  /// @param maxPrefixes that are remembered
  /// @param draws the secret; can't be guessed
  public PrefixMemory(int maxPrefixes, LongSupplier draws) {
    secret0 = draws.getAsLong();
    secret1 = draws.getAsLong();
    holders =
        new LinkedHashMap<>(64, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<Long, List<Holder>> eldest) {
            return size() > maxPrefixes;
          }
        };
  }

  private record Holder(String target) {}

  /// The beginnings of a request's prompt, as this memory knows them.
  PromptPrefixes of(RouteRequest request) {
    return PromptPrefixes.of(request, secret0, secret1);
  }

  /// Tokens of the prompt that each target may have, by the target's name; a target that has none
  /// is not named.
  synchronized Map<String, Integer> cached(PromptPrefixes prompt) {
    Map<String, Integer> tokens = HashMap.newHashMap(TARGETS_PER_PREFIX);
    for (int i = prompt.count() - 1; i >= 0; i--) {
      List<Holder> known = holders.get(prompt.hash(i));
      if (known != null) {
        for (Holder holder : known) {
          tokens.putIfAbsent(holder.target, prompt.tokens(i));
        }
      }
    }
    return tokens;
  }

  /// The target has computed the prompt.
  synchronized void computed(PromptPrefixes prompt, TargetView target) {
    Holder holder = new Holder(target.name());
    for (int i = 0; i < prompt.count(); i++) {
      List<Holder> known = holders.computeIfAbsent(prompt.hash(i), _ -> new ArrayList<>(1));
      known.removeIf(one -> one.target.equals(holder.target));
      if (known.size() == TARGETS_PER_PREFIX) {
        known.removeFirst();
      }
      known.add(holder);
    }
  }

  /// The target did not have what it was thought to have.
  ///
  /// @param tokens that it had
  synchronized void missed(PromptPrefixes prompt, TargetView target, int tokens) {
    for (int i = 0; i < prompt.count(); i++) {
      if (prompt.tokens(i) > tokens) {
        drop(prompt.hash(i), target.name());
      }
    }
  }

  private void drop(long hash, String target) {
    List<Holder> known = holders.get(hash);
    if (known != null) {
      known.removeIf(one -> one.target.equals(target));
      if (known.isEmpty()) {
        holders.remove(hash);
      }
    }
  }

  /// A target has gone, and what it had with it.
  public synchronized void left(TargetView target) {
    holders.values().forEach(known -> known.removeIf(one -> one.target.equals(target.name())));
    holders.values().removeIf(List::isEmpty);
  }

  /// Beginnings that are remembered.
  synchronized int size() {
    return holders.size();
  }
}
