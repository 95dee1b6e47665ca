package ringfence.node.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringfence.node.compute.BackendKind;
import ringfence.proto.v1.Zone;

class NodeSettingsTest {

  @Test
  void defaultsAreLoopbackAndSite() {
    NodeSettings settings = check(Map.of("models", "some.gguf"));
    assertThat(settings.listen().toString()).isEqualTo("127.0.0.1:7420");
    assertThat(settings.zone()).isEqualTo(Zone.ZONE_SITE);
    assertThat(settings.backend()).isEqualTo(BackendKind.AUTO);
    assertThat(settings.routers()).hasSize(1);
    assertThat(settings.threads()).isPositive();
  }

  @Test
  void readsLists() {
    NodeSettings settings =
        check(Map.of("models", "a.gguf,b.gguf", "routers", "127.0.0.1:1,[::1]:2"));
    assertThat(settings.models()).containsExactly("a.gguf", "b.gguf");
    assertThat(settings.routers().get(1).toString()).isEqualTo("[::1]:2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "zone | moon | none of device, site",
        "backend | abacus | none of auto, cpu, vulkan, reference",
        "gpu-layers | many | neither auto nor a number",
        "gpu-layers | 0 | not between 1 and",
        "kv-type | q3 | none of f16, q8",
        "simulate | ttft=1ms | tpot is needed",
        "simulate | 'ttft=1ms,tpot=1ms' | leave out one of models and simulate",
        "listen-address | 7420 | not host:port",
        "listen-address | 127.0.0.1:99999 | not host:port",
        "listen-address | 0.0.0.0:7420 | reachable from other machines",
        "listen-address | 0.0.0.0:7420 | ringfence.node.tls.certificate",
        "advertise | 192.0.2.7:7420 | ringfence.node.tls.key",
        "routers | 127.0.0.1:1,router.example:7410 | ringfence.node.tls.authorities",
        "routers | nowhere | not host:port",
        "name | a b | not 1 to 64 characters",
        "threads | 0 | not between 1 and",
        "max-sequences | 0 | not between 1 and",
        "kv-memory | 1K | not between",
        "drain-limit | 0s | not between",
      })
  void namesTheKeyThatIsWrong(String key, String value, String why) {
    assertThatThrownBy(() -> check(Map.of("models", "some.gguf", key, value)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ringfence.node." + key)
        .hasMessageContaining(why);
  }

  @Test
  void withCertificatesItMayStandElsewhere() {
    Map<String, String> secured =
        new HashMap<>(
            Map.of(
                "models", "some.gguf",
                "listen-address", "0.0.0.0:7420",
                "routers", "router.example:7410",
                "tls.certificate", "node.pem",
                "tls.key", "node.key",
                "tls.authorities", "authority.pem"));
    assertThatThrownBy(() -> check(secured))
        .hasMessageContaining("ringfence.node.advertise")
        .hasMessageContaining("how routers reach it");
    secured.put("advertise", "node.example:7420");
    assertThat(check(secured).routers().getFirst().host()).isEqualTo("router.example");
    secured.remove("tls.key");
    assertThatThrownBy(() -> check(secured))
        .hasMessageStartingWith("ringfence.node.tls.key is not set");
  }

  @Test
  void aSimulationStandsForModels() {
    NodeSettings settings = check(Map.of("simulate", "ttft=1ms,tpot=2ms,slots=900"));
    assertThat(settings.models()).isEmpty();
    assertThat(settings.simulation()).isPresent();
    assertThat(settings.maxSequences()).isEqualTo(900);
  }

  @Test
  void wantsAModel() {
    assertThatThrownBy(() -> check(Map.of()))
        .hasMessageContaining("ringfence.node.models")
        .hasMessageContaining("--model");
  }

  private static NodeSettings check(Map<String, String> values) {
    Map<String, String> keyed = new HashMap<>();
    values.forEach((key, value) -> keyed.put("ringfence.node." + key, value));
    return NodeSettings.check(
        new SmallRyeConfigBuilder()
            .withMapping(NodeConfig.class)
            .withConverter(
                io.quarkus.runtime.configuration.MemorySize.class,
                100,
                new io.quarkus.runtime.configuration.MemorySizeConverter())
            .withConverter(
                java.time.Duration.class,
                100,
                new io.quarkus.runtime.configuration.DurationConverter())
            .withDefaultValues(keyed)
            .build()
            .getConfigMapping(NodeConfig.class));
  }
}
