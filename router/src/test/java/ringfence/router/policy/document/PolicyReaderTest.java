package ringfence.router.policy.document;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringfence.router.policy.document.BudgetLimit.Window;
import ringfence.router.policy.document.PolicyReader.Source;
import ringfence.router.policy.document.Upstream.Secret;
import ringfence.router.routing.Zone;

class PolicyReaderTest {
  private static final String HASH = "ab".repeat(32);
  private static final String GOOD =
      """
      tenants:
        - name: research
          farthest-zone: external
          max-wait: 800ms
          budgets:
            - window: day
              requests: 1000
              tokens: 2_000_000
              money: 4.50
            - {window: minute, tokens: 100}
        - {name: ops, farthest-zone: device}
      keys:
        - id: ann
          sha256: "%1$s"
          tenant: research
          farthest-zone: site
          expires: 2027-01-31
          admin: true
      upstreams:
        - name: partner
          base-url: https://llm.partner.example/v1
          zone: datacenter
          key-environment: PARTNER_KEY
          price: {input-per-million: 0.15, output-per-million: 0.6}
          models:
            small: {upstream-name: vendor/small-1, context-length: 8192}
            large:
              context-length: 131072
              price: {input-per-million: 2, output-per-million: 8}
          limits: {max-in-flight: 8, requests-per-minute: 100}
      """
          .formatted(HASH);

  private static PolicyDocument read(String text) throws PolicyFileException {
    return PolicyReader.read(new Source("policy.yaml", text), null, "v1");
  }

  @Test
  void readsAllThatMayStandThere() throws PolicyFileException {
    PolicyDocument document = read(GOOD);
    assertThat(document.isKeyless()).isFalse();
    Tenant research = document.tenants().get("research");
    assertThat(research.farthestZone()).isEqualTo(Zone.EXTERNAL);
    assertThat(research.maxWait()).isEqualTo(Duration.ofMillis(800));
    assertThat(research.budgets())
        .containsExactly(
            new BudgetLimit(Window.DAY, 1000L, 2_000_000L, 4_500_000_000L),
            new BudgetLimit(Window.MINUTE, null, 100L, null));
    assertThat(document.keys())
        .containsExactly(
            new ApiKey(
                "ann",
                HASH,
                "research",
                Zone.SITE,
                Instant.parse("2027-01-31T00:00:00Z"),
                true,
                null));
    Upstream partner = document.upstreams().get("partner");
    assertThat(partner.zone()).isEqualTo(Zone.DATACENTER);
    assertThat(partner.key()).isEqualTo(new Secret.InEnvironment("PARTNER_KEY"));
    assertThat(partner.models())
        .isEqualTo(
            Map.of(
                "small",
                new Upstream.Model("vendor/small-1", 8192, new Upstream.Price(150, 600)),
                "large",
                new Upstream.Model("large", 131072, new Upstream.Price(2000, 8000))));
    assertThat(partner.limits()).isEqualTo(new Upstream.Limits(8, 100));
    // 1000 tokens at 0.15 a million are 0.00015.
    assertThat(partner.models().get("small").price().nanos(1000, 0)).isEqualTo(150_000);
    assertThat(document.keys().getFirst().toString()).doesNotContain(HASH);
  }

  @Test
  void anUpstreamIsExternalUnlessItSaysOtherwise() throws PolicyFileException {
    PolicyDocument document =
        read(
            GOOD.replace("    zone: datacenter\n", "")
                .replace("key-environment: PARTNER_KEY", "key-file: /run/partner"));
    assertThat(document.upstreams().get("partner").zone()).isEqualTo(Zone.EXTERNAL);
    assertThat(document.upstreams().get("partner").key())
        .isEqualTo(new Secret.InFile(Path.of("/run/partner")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "farthest-zone: external | farthest-zon: external | tenants[0] | 'farthest-zone' is"
            + " missing",
        "max-wait: 800ms | max-wiat: 800ms | line 4: tenants[0].max-wiat | allowed here: budgets,"
            + " detectors, farthest-zone, max-wait, name",
        "farthest-zone: external | farthest-zone: moon | tenants[0].farthest-zone | allowed:"
            + " device, site, datacenter, external",
        "farthest-zone: external | farthest-zone: EXTERNAL | tenants[0].farthest-zone | not known",
        "max-wait: 800ms | max-wait: 800 | tenants[0].max-wait | 800ms, 2s or 1m",
        "max-wait: 800ms | max-wait: 9h | tenants[0].max-wait | at most 3600s",
        "requests: 1000 | requests: many | tenants[0].budgets[0].requests | whole number",
        "requests: 1000 | requests: -1 | tenants[0].budgets[0].requests | whole number of 0",
        "money: 4.50 | money: 4.5000000001 | tenants[0].budgets[0].money | decimals",
        "money: 4.50 | money: -1 | tenants[0].budgets[0].money | expected an amount",
        "money: 4.50 | money: 1e400 | tenants[0].budgets[0].money | not an amount",
        "window: minute | window: day | tenants[0].budgets[1].window | two budgets",
        "tokens: 100} | } | tenants[0].budgets[1] | requests, tokens or money",
        "name: ops | name: research | tenants[1].name | two tenants",
        "name: ops | name: 7 | tenants[1].name | quotes",
        "name: ops | name: a b | tenants[1].name | letters",
        "tenant: research | tenant: nobody | keys[0].tenant | no tenant 'nobody'",
        "admin: true | admin: yes | keys[0].admin | true or false",
        "expires: 2027-01-31 | expires: soon | keys[0].expires | a time such as",
        "tenant: research | tenant: ops | keys[0].farthest-zone | can only come nearer",
        "base-url: https | base-url: http | upstreams[0].base-url | use https",
        "//llm.partner | //user:pw@llm.partner | upstreams[0].base-url | without user",
        "base-url: https | base-url: ftp | upstreams[0].base-url | an address such as",
        "key-environment: PARTNER_KEY | key-environment: sk-1 2 | upstreams[0].key-environment |"
            + " not the key itself",
        "zone: datacenter | key-file: x | upstreams[0] | not both",
        "input-per-million: 0.15 | input-per-million: 0.0001 | upstreams[0].price.input-per-million"
            + " | 3 decimals",
        "context-length: 8192 | context-length: 0 | upstreams[0].models.small.context-length |"
            + " whole number",
        "name: ops | [ | line | not YAML",
        "max-wait: 800ms | name: other | tenants[0].name | twice",
      })
  void namesWhatIsWrongAndWhatIsAllowed(String good, String bad, String where, String allowed) {
    assertThat(GOOD).contains(good);
    assertThatThrownBy(() -> read(GOOD.replaceFirst(java.util.regex.Pattern.quote(good), bad)))
        .isInstanceOf(PolicyFileException.class)
        .hasMessageStartingWith("policy.yaml")
        .hasMessageContaining(where)
        .hasMessageContaining(allowed)
        .hasMessageNotContaining(HASH);
  }

  @Test
  void anythingButAMappingIsRefused() {
    for (String text :
        new String[] {"", "# nothing", "[]", "tenants", "tenants: {}", "tenants: []"}) {
      assertThatThrownBy(() -> read(text)).as(text).isInstanceOf(PolicyFileException.class);
    }
    assertThatThrownBy(() -> read("tenants: &a [*a]")).isInstanceOf(PolicyFileException.class);
  }

  @Test
  void theKeyItselfIsNotQuoted() {
    assertThatThrownBy(() -> read(GOOD.replace(HASH, "rf-secret")))
        .hasMessageContaining("keys[0].sha256")
        .hasMessageNotContaining("rf-secret");
  }

  @Test
  void windowsBeginAtWholeUnitsOfUtc() {
    Instant moment = Instant.parse("2026-11-25T18:20:54.5Z");
    Map<Window, String> starts =
        Map.of(
            Window.MINUTE, "2026-11-25T18:20:00Z",
            Window.HOUR, "2026-11-25T18:00:00Z",
            Window.DAY, "2026-11-25T00:00:00Z",
            Window.WEEK, "2026-11-23T00:00:00Z",
            Window.MONTH, "2026-11-01T00:00:00Z");
    starts.forEach((window, start) -> {
      assertThat(window.start(moment)).isEqualTo(start);
      assertThat(window.start(window.end(window.start(moment))))
          .isEqualTo(window.end(window.start(moment)));
    });
    assertThat(Window.MONTH.end(Instant.parse("2026-11-01T00:00:00Z")))
        .isEqualTo("2026-12-01T00:00:00Z");
  }
}
