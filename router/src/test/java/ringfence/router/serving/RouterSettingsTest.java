package ringfence.router.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringfence.tls.PlainHttp;

class RouterSettingsTest {

  private static RouterSettings settings(Map<String, String> properties) {
    return RouterSettings.of(
        new SmallRyeConfigBuilder()
            .withMapping(RouterConfig.class)
            .withConverter(
                Duration.class, 200, new io.quarkus.runtime.configuration.DurationConverter())
            .withSources(new PropertiesConfigSource(properties, "test", 1))
            .build()
            .getConfigMapping(RouterConfig.class));
  }

  @Test
  void theDefaultsListenOnLoopback() {
    RouterSettings settings = settings(Map.of());
    assertThat(settings.listen().getAddress().isLoopbackAddress()).isTrue();
    assertThat(settings.listen().getPort()).isEqualTo(7410);
    assertThat(settings.reportInterval()).isEqualTo(Duration.ofMillis(500));
    assertThat(settings.silenceLimit()).isEqualTo(Duration.ofSeconds(2));
    assertThat(settings.awaitFirstReports()).isEqualTo(Duration.ofSeconds(5));
    assertThat(settings.maxPromptBytes()).isEqualTo(16 << 20);
  }

  @ParameterizedTest
  @CsvSource({
    "listen-address, 0.0.0.0:7410",
    "listen-address, 192.0.2.1:7410",
    "listen-address, '[::]:7410'",
    "listen-address, 127.0.0.1",
    "listen-address, 127.0.0.1:70000",
    "name, a b",
    "report-interval, 10ms",
    "silence-limit, 700ms",
    "await-lost-nodes, 2H",
    "await-first-reports, 6M",
    "await-first-reports, -1S",
    "budget-routers, 0",
    "max-attempts, 0",
    "max-in-flight, 0",
    "max-prompt-bytes, 1",
    "max-in-flight-prompt-bytes, 2048",
    "default-deadline, 2H",
    "drain-limit, 2H",
    "ledger.record, everything",
    "ledger.record, all",
    "ledger.segment-bytes, 1000",
    "ledger.max-records, 0",
    "ledger.max-age, 1s",
    "ledger.max-waiting, 0",
    "ledger.wait-limit, 1m",
    "ledger.head-interval, 0s",
    "events.max-bytes, 1000000",
    "events.segment-bytes, 100",
    "events.max-age, 1s",
    "events.max-waiting, 0",
    "events.wait-limit, 0s",
    "events.kafka.bootstrap, 127.0.0.1:9092"
  })
  void aWrongValueIsRefusedByItsKey(String key, String value) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> settings(Map.of("ringfence.router." + key, value)))
        .withMessageStartingWith("ringfence.router." + key);
  }

  @ParameterizedTest
  @CsvSource({
    "events.kafka.bootstrap, broker",
    "events.kafka.bootstrap, '127.0.0.1:9092, kafka.example.org:9092'",
    "events.kafka.bootstrap, kafka.example.org:9092",
    "events.kafka.topic-prefix, a b",
    "events.kafka.partitions, 0",
    "events.kafka.replicas, -1",
    "events.kafka.usage-age, 1s",
    "events.kafka.properties.acks, 1"
  })
  void aWrongValueOfKafkaIsRefusedByItsKey(String key, String value) {
    Map<String, String> properties =
        new java.util.HashMap<>(
            Map.of(
                "ringfence.router.events.folder", "events",
                "ringfence.router.events.kafka.bootstrap", "127.0.0.1:9092"));
    properties.put("ringfence.router." + key, value);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> settings(properties))
        .withMessageStartingWith("ringfence.router." + key);
  }

  @Test
  void brokersBeyondLoopbackNeedAProtocolThatIsSaid() {
    RouterSettings settings =
        settings(
            Map.of(
                "ringfence.router.events.folder", "events",
                "ringfence.router.events.kafka.bootstrap", "kafka.example.org:9092",
                "ringfence.router.events.kafka.properties.security.protocol", "SSL"));
    assertThat(settings.events().kafka().properties()).containsEntry("security.protocol", "SSL");
    assertThat(settings.events().outbox().publishes()).isTrue();
  }

  @Test
  void beyondLoopbackTheKeysToSetAreNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> settings(Map.of("ringfence.router.listen-address", "0.0.0.0:7410")))
        .withMessageContaining("ringfence.router.tls.certificate")
        .withMessageContaining("ringfence.router.tls.key")
        .withMessageContaining("ringfence.router.tls.authorities");
    RouterSettings secured =
        settings(
            Map.of(
                "ringfence.router.listen-address",
                "0.0.0.0:7410",
                "ringfence.router.tls.certificate",
                "router.pem",
                "ringfence.router.tls.key",
                "router.key",
                "ringfence.router.tls.authorities",
                "authority.pem"));
    assertThat(secured.listen().getAddress().isAnyLocalAddress()).isTrue();
    assertThat(secured.tls().prefix()).isEqualTo("ringfence.router.tls");
  }

  @Test
  void healthAndMetricsAreNotServedToOthersInPlaintext() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PlainHttp.check("0.0.0.0", "enabled"))
        .withMessageContaining("quarkus.http.host=0.0.0.0")
        .withMessageContaining("quarkus.http.insecure-requests=disabled");
    PlainHttp.check("127.0.0.1", "enabled");
    PlainHttp.check("0.0.0.0", "Disabled");
  }

  @Test
  void loopbackMayBeNamed() {
    assertThat(settings(Map.of("ringfence.router.listen-address", "[::1]:0")).listen().getPort())
        .isZero();
  }
}
