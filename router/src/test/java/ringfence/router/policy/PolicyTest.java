package ringfence.router.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringfence.proto.v1.Credentials;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.Label;
import ringfence.router.WireZones;
import ringfence.router.policy.document.ApiKey;
import ringfence.router.policy.document.DetectorRules;
import ringfence.router.policy.document.KeysFile;
import ringfence.router.policy.document.PolicyDocument;
import ringfence.router.policy.document.Tenant;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.TargetView;
import ringfence.router.routing.Zone;

class PolicyTest {
  private static final Instant EXPIRY = Instant.parse("2027-01-01T00:00:00Z");

  private final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.parse("2026-11-25T00:00:00Z"));
  private long nanos;
  private int screenings;
  private final List<String> refusals = new ArrayList<>();
  private final Policy policy =
      new Policy(
          document(
              key("near", Zone.DEVICE, null, null),
              key("wide", null, null, null),
              key("old", null, EXPIRY, null),
              key("gone", null, null, Instant.EPOCH)),
          now::get,
          () -> nanos,
          java.time.Duration.ofSeconds(2),
          new PolicyObserver() {
            @Override
            public void keyRefused(String why, String keyId) {
              refusals.add(why + ":" + keyId);
            }

            @Override
            public void screened(long time, Set<String> kinds, boolean complete) {
              screenings++;
            }
          });

  private static ApiKey key(String id, Zone zone, Instant expires, Instant revoked) {
    return new ApiKey(id, KeysFile.sha256("rf-" + id), "t", zone, expires, false, revoked);
  }

  private static PolicyDocument document(ApiKey... keys) {
    return new PolicyDocument(
        "v1",
        Map.of(
            "t",
            new Tenant(
                "t", Zone.DATACENTER, java.time.Duration.ZERO, List.of(), DetectorRules.STANDARD)),
        List.of(keys),
        Map.of());
  }

  private static Credentials credentials(String key, String source) {
    return Credentials.newBuilder()
        .setApiKey(ByteString.copyFromUtf8(key))
        .setSource(source)
        .build();
  }

  private Identity identify(String key) {
    return policy.identify(credentials(key, "192.0.2.1"), "ignored");
  }

  private Reason refusal(Identity identity) {
    assertThat(identity).isInstanceOf(Identity.Refused.class);
    return ((Identity.Refused) identity).failure().getReason();
  }

  private EffectiveLabel label(String key, Zone asked) {
    return policy.classify(
        Label.newBuilder().setFarthestZone(WireZones.toWire(asked)).build(),
        (Caller) identify(key));
  }

  private static Placed placed(Zone zone) {
    TargetView target =
        new TargetView("node", "first", zone, "127.0.0.1:1", false, 0, true, "n1", Map.of());
    return new Placed(target, "test", 0, 0, List.of());
  }

  @Test
  void knowsTenantAndCeilingFromTheKey() {
    assertThat(identify("rf-near")).isEqualTo(new Caller("t", "near", Zone.DEVICE, false));
    assertThat(identify("rf-wide")).isEqualTo(new Caller("t", "wide", Zone.DATACENTER, false));
  }

  @Test
  void unknownExpiredAndRevokedKeysAreRefusedAlike() {
    assertThat(identify("rf-old")).isInstanceOf(Caller.class);
    now.set(EXPIRY);
    Identity unknown = identify("rf-nobody");
    assertThat(refusal(unknown)).isEqualTo(Reason.UNAUTHENTICATED);
    assertThat(identify("rf-old")).isEqualTo(unknown);
    assertThat(identify("rf-gone")).isEqualTo(unknown);
    assertThat(refusal(identify(""))).isEqualTo(Reason.UNAUTHENTICATED);
    assertThat(refusal(identify("x".repeat(5000)))).isEqualTo(Reason.UNAUTHENTICATED);
    assertThat(refusals)
        .containsExactly("unknown:null", "expired:old", "revoked:gone", "unknown:null");
  }

  @ParameterizedTest
  @EnumSource(Zone.class)
  void nothingAClientSendsGoesFartherThanTheKey(Zone asked) {
    assertThat(label("rf-wide", asked).farthestZone())
        .isEqualTo(Zone.nearer(asked, Zone.DATACENTER));
    assertThat(label("rf-near", asked).farthestZone()).isEqualTo(Zone.DEVICE);
    assertThat(label("rf-wide", Zone.EXTERNAL).reasons()).contains("key-ceiling");
  }

  @Test
  void aSourceThatGuessesIsRefusedEvenWhenItIsRight() {
    assertThat(identify("rf-wide")).isInstanceOf(Caller.class);
    for (int i = 0; i < FailureLimiter.MAX_FAILURES; i++) {
      assertThat(refusal(identify("rf-guess" + i))).isEqualTo(Reason.UNAUTHENTICATED);
    }
    assertThat(refusal(identify("rf-guess"))).isEqualTo(Reason.TOO_MANY_FAILURES);
    assertThat(refusal(identify("rf-near"))).isEqualTo(Reason.TOO_MANY_FAILURES);
    // Who was right before is not locked out, and neither is another source.
    assertThat(identify("rf-wide")).isInstanceOf(Caller.class);
    assertThat(policy.identify(credentials("rf-near", "192.0.2.2"), "")).isInstanceOf(Caller.class);
    nanos += FailureLimiter.WINDOW_NANOS + 1;
    assertThat(identify("rf-near")).isInstanceOf(Caller.class);
  }

  @Test
  void withoutAPolicyEverybodyIsKnownUnlessTheGatewayWantsKeys() {
    policy.replace(PolicyDocument.NONE);
    assertThat(policy.identify(credentials("none", ""), "team")).isEqualTo(Caller.keyless("team"));
    assertThat(
            refusal(
                policy.identify(
                    credentials("rf-wide", "").toBuilder().setKeyRequired(true).build(), "")))
        .isEqualTo(Reason.UNAUTHENTICATED);
  }

  @Test
  void aGrantIsHeldToTheNewestPolicy() {
    EffectiveLabel label = label("rf-wide", Zone.EXTERNAL);
    EgressGrant grant = policy.grant(label, placed(Zone.DATACENTER), "r", "t", "m", 1, 0);
    assertThat(grant.policyVersion()).isEqualTo("v1");
    assertThat(grant.permits("r", 1, 1)).isTrue();
    assertThatIllegalStateException()
        .isThrownBy(() -> policy.grant(label, placed(Zone.EXTERNAL), "r", "t", "m", 1, 0));
    policy.replace(document(key("wide", Zone.SITE, null, null)));
    assertThatExceptionOfType(GrantDeniedException.class)
        .isThrownBy(() -> policy.grant(label, placed(Zone.DATACENTER), "r", "t", "m", 2, 0));
    assertThat(policy.grant(label, placed(Zone.SITE), "r", "t", "m", 2, 0).farthestZone())
        .isEqualTo(Zone.SITE);
    policy.replace(document(key("wide", null, null, Instant.EPOCH)));
    assertThatExceptionOfType(GrantDeniedException.class)
        .isThrownBy(() -> policy.grant(label, placed(Zone.DEVICE), "r", "t", "m", 3, 0))
        .withMessageContaining("revoked");
  }
}
