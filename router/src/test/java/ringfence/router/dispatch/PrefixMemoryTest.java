package ringfence.router.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import ringfence.proto.v1.Prompt;
import ringfence.proto.v1.RouteRequest;
import ringfence.router.routing.TargetView;
import ringfence.router.routing.Zone;

class PrefixMemoryTest {
  private static final String SYSTEM = "You know everything about fences. ".repeat(40);
  private final PrefixMemory memory = new PrefixMemory(32, new Random(1)::nextLong);
  private final TargetView one = target("one");
  private final TargetView two = target("two");

  private static TargetView target(String name) {
    return new TargetView(name, "i", Zone.SITE, "h:1", false, 0, true, "n", Map.of());
  }

  private PromptPrefixes prefixes(String tenant, String text) {
    return memory.of(
        RouteRequest.newBuilder()
            .setTenant(tenant)
            .setModel("m")
            .setPrompt(Prompt.newBuilder().setText(text))
            .build());
  }

  @Test
  void knowsTheLongestCommonBeginning() {
    memory.computed(prefixes("a", SYSTEM + "What is a hinge?"), one);
    Map<String, Integer> cached = memory.cached(prefixes("a", SYSTEM + "What is a post?"));
    // 1,360 bytes are common, of which the first 1,024 are known.
    assertThat(cached).containsExactly(Map.entry("one", 256));
    assertThat(memory.cached(prefixes("a", "Something else. " + SYSTEM))).isEmpty();
  }

  @Test
  void tenantsDoNotLearnOfEachOther() {
    memory.computed(prefixes("a", SYSTEM), one);
    assertThat(memory.cached(prefixes("b", SYSTEM))).isEmpty();
    PrefixMemory other = new PrefixMemory(32, new Random(2)::nextLong);
    PromptPrefixes elsewhere =
        other.of(
            RouteRequest.newBuilder()
                .setTenant("a")
                .setModel("m")
                .setPrompt(Prompt.newBuilder().setText(SYSTEM))
                .build());
    assertThat(elsewhere.hash(0)).isNotEqualTo(prefixes("a", SYSTEM).hash(0));
  }

  @Test
  void forgetsWhatATargetNoLongerHas() {
    PromptPrefixes prompt = prefixes("a", SYSTEM);
    memory.computed(prompt, one);
    memory.computed(prompt, two);
    memory.missed(prompt, one, 100);
    assertThat(memory.cached(prompt)).containsEntry("one", 64).containsEntry("two", 256);
    memory.left(two);
    assertThat(memory.cached(prompt)).containsOnlyKeys("one");
  }

  @Test
  void remembersABoundedNumber() {
    for (int i = 0; i < 1_000; i++) {
      memory.computed(prefixes("a", i + SYSTEM), one);
    }
    assertThat(memory.size()).isEqualTo(32);
    assertThat(memory.cached(prefixes("a", 999 + SYSTEM))).isNotEmpty();
    assertThat(memory.cached(prefixes("a", 0 + SYSTEM))).isEmpty();
  }

  @Test
  void theHashIsSipHash() {
    // The reference vector of Aumasson and Bernstein's paper: key 00..0f, message 00..0e.
    SipHash hash = new SipHash(0x0706050403020100L, 0x0f0e0d0c0b0a0908L);
    for (int i = 0; i < 15; i++) {
      hash.add(i);
    }
    assertThat(hash.value()).isEqualTo(0xa129ca6149be45e5L);
  }

  @Test
  void bytesCountTheSameInWhateverPortionsTheyCome() {
    Random random = new Random(7);
    byte[] message = new byte[200];
    random.nextBytes(message);
    ByteBuffer little = SipHash.little(ByteString.copyFrom(message));
    for (int round = 0; round < 500; round++) {
      SipHash one = new SipHash(1, 2);
      SipHash portions = new SipHash(1, 2);
      for (int at = 0; at < message.length; ) {
        int count = Math.min(random.nextInt(40), message.length - at);
        portions.add(little, at, count);
        for (int i = 0; i < count; i++) {
          one.add(message[at + i]);
        }
        at += count;
        assertThat(portions.value()).isEqualTo(one.value());
      }
    }
  }

  @Test
  void aBeginningIsTheSameHoweverItIsCutIntoParts() {
    String text = "All work and no play. ".repeat(40);
    PromptPrefixes whole = prefixes("a", text);
    PromptPrefixes longer = prefixes("a", text + "And so on.");
    assertThat(whole.count()).isEqualTo(2);
    assertThat(longer.count()).isEqualTo(2);
    for (int i = 0; i < 2; i++) {
      assertThat(whole.hash(i)).isEqualTo(longer.hash(i));
    }
    assertThat(prefixes("a", "X" + text).hash(1)).isNotEqualTo(whole.hash(1));
  }
}
