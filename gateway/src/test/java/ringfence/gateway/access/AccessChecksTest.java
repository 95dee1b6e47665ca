package ringfence.gateway.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ringfence.gateway.openai.ApiError;
import ringfence.proto.v1.Zone;

class AccessChecksTest {
  @Test
  void handsTheKeyOnAndPrintsItNowhere() {
    Caller caller = new Keys(true, Zone.ZONE_DATACENTER).caller("bearer  rf-abc ", "192.0.2.7");
    assertThat(caller.credentials().getApiKey().toStringUtf8()).isEqualTo("rf-abc");
    assertThat(caller.credentials().getSource()).isEqualTo("192.0.2.7");
    assertThat(caller.credentials().getKeyRequired()).isTrue();
    assertThat(caller.ceiling()).isEqualTo(Zone.ZONE_DATACENTER);
    assertThat(caller.toString()).doesNotContain("rf-abc");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Bearer ", "Basic abc", "abc", ""})
  void wantsAKeyWhereOneIsRequired(String header) {
    Keys keys = new Keys(true, Zone.ZONE_SITE);
    assertThatThrownBy(() -> keys.caller(header, ""))
        .isInstanceOfSatisfying(ApiError.class, error -> assertThat(error.status()).isEqualTo(401));
    assertThatThrownBy(() -> keys.caller(null, "")).isInstanceOf(ApiError.class);
    assertThat(new Keys(false, Zone.ZONE_SITE).caller(header, "").credentials().getApiKey())
        .isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "localhost:8080, true",
    "127.0.0.1:8080, true",
    "127.8.9.1, true",
    "[::1]:8080, true",
    "[::1], true",
    "chat.localhost, true",
    "my-host, true",
    "evil.example:8080, false",
    "127.0.0.1.evil.example, false",
    "localhost.evil.example, false",
    "10.0.0.1, false",
  })
  void withoutKeysOnlyLoopbackNamesWillDo(String authority, boolean allowed) {
    var hosts = new Hosts(false, List.of("My-Host"));
    if (allowed) {
      assertThatCode(() -> hosts.check(authority)).doesNotThrowAnyException();
    } else {
      assertThatThrownBy(() -> hosts.check(authority))
          .isInstanceOfSatisfying(
              ApiError.class, error -> assertThat(error.status()).isEqualTo(403));
    }
    assertThatCode(() -> new Hosts(true, List.of()).check(authority)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource({
    "http://localhost:3000, true",
    "https://127.0.0.1, true",
    "http://[::1]:5173, true",
    "https://chat.example.org, true",
    "http://chat.example.org, false",
    "https://evil.example, false",
    "http://localhost.evil.example, false",
    "https://gateway.example:8443, true",
    "null, false",
    "file://localhost, false",
    "http://user@, false",
  })
  void letsLoopbackTheGatewaysOwnAndNamedOriginsIn(String origin, boolean allowed) {
    var origins = new Origins(List.of("https://chat.example.org"));
    assertThat(origins.allows(origin, "gateway.example:8443")).isEqualTo(allowed);
    assertThat(new Origins(List.of("*")).allows(origin, null)).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0.0.0.0 | false | false | enabled | require-keys=true and ringfence.gateway.https.certificate",
        "0.0.0.0 | true | false | enabled | ringfence.gateway.https.certificate and ringfence.gateway.https.key",
        "0.0.0.0 | false | true | disabled | ringfence.gateway.require-keys=true",
        "0.0.0.0 | true | true | enabled | quarkus.http.insecure-requests=enabled",
        "192.0.2.7 | true | true | redirect | quarkus.http.insecure-requests=redirect",
      })
  void beyondLoopbackKeysAndHttpsAreWanted(
      String address, boolean keys, boolean https, String plaintext, String named) {
    assertThatThrownBy(() -> Access.checkReach(address, keys, https, plaintext))
        .hasMessageContaining(named);
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, false, true",
    "localhost, false, true",
    "0.0.0.0, true, true",
    "0.0.0.0, false, false",
    "192.0.2.7, false, false",
  })
  void healthAndMetricsBeyondLoopbackWantHttps(String address, boolean https, boolean allowed) {
    if (allowed) {
      assertThatCode(() -> Access.checkWatched(address, https)).doesNotThrowAnyException();
    } else {
      assertThatThrownBy(() -> Access.checkWatched(address, https))
          .hasMessageContaining("quarkus.management.host=" + address)
          .hasMessageContaining("ringfence.gateway.https.certificate");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "192.0.2.7, 192.0.2.7",
    "2001:db8:1:2:3:4:5:6, 20010db800010002/64",
    "2001:db8:1:2::1, 20010db800010002/64",
    "2001:db8:1:3::1, 20010db800010003/64",
    "0:0:0:0:0:0:0:1, 0000000000000000/64",
    "unix, unix",
  })
  void aNetworkOfIpv6IsOneSource(String address, String source) {
    assertThat(
            new Keys(false, Zone.ZONE_SITE)
                .caller(null, Source.of(address))
                .credentials()
                .getSource())
        .isEqualTo(source);
  }

  @Test
  void whatIsAskedForServesEverybody() {
    assertThatCode(() -> Access.checkReach("0.0.0.0", true, true, "disabled"))
        .doesNotThrowAnyException();
    assertThatCode(() -> Access.checkReach("127.0.0.1", false, false, "enabled"))
        .doesNotThrowAnyException();
  }

  @Test
  void theGateCountsRequestsAndBytes() {
    var gate = new Gate(2, 100);
    Gate.Ticket first = gate.enter(1);
    Gate.Ticket second = gate.enter(1);
    assertThatThrownBy(() -> gate.enter(1))
        .isInstanceOfSatisfying(
            ApiError.class,
            error -> {
              assertThat(error.status()).isEqualTo(503);
              assertThat(error.retryAfterSeconds()).isPositive();
            });
    first.hold(80);
    assertThatThrownBy(() -> second.hold(30)).isInstanceOf(ApiError.class);
    second.close();
    second.close();
    assertThat(gate.inFlight()).isEqualTo(1);
    first.hold(20);
    first.close();
    assertThat(gate.inFlight()).isZero();
    gate.enter(1).hold(100);
  }
}
