package ringfence.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.time.Instant;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringfence.proto.v1.Zone;
import ringfence.tls.authority.CertificateAuthority;

class ProcessIdentityTest {
  @TempDir Path folder;

  @Property(tries = 300)
  void whatItPrintsItReads(@ForAll("identities") ProcessIdentity identity) {
    assertThat(ProcessIdentity.parse(identity.toString())).isEqualTo(identity);
    assertThat(identity.uri()).isEqualTo("ringfence://" + identity);
  }

  @Property(tries = 300)
  void twoIdentitiesNeverPrintTheSame(
      @ForAll("identities") ProcessIdentity one, @ForAll("identities") ProcessIdentity other) {
    assertThat(one.uri().equals(other.uri())).isEqualTo(one.equals(other));
  }

  @Property(tries = 20)
  void aCertificateProvesWhatItWasIssuedFor(@ForAll("identities") ProcessIdentity identity)
      throws Exception {
    Instant now = Instant.now();
    CertificateAuthority authority = CertificateAuthority.create("a", now, Fleet.YEAR);
    CertifiedKey issued = authority.issue(identity, Fleet.HERE, now, Fleet.YEAR);
    assertThat(ProcessIdentity.of(issued.chain().getFirst())).isEqualTo(identity);
  }

  @Provide
  Arbitrary<ProcessIdentity> identities() {
    Arbitrary<String> names =
        Arbitraries.strings()
            .withCharRange('a', 'z')
            .withChars("AZ09._-")
            .ofMinLength(1)
            .ofMaxLength(64);
    Arbitrary<ProcessIdentity> nodes =
        Combinators.combine(
                names,
                Arbitraries.of(
                    Zone.ZONE_DEVICE, Zone.ZONE_SITE, Zone.ZONE_DATACENTER, Zone.ZONE_EXTERNAL))
            .as(ProcessIdentity::node);
    Arbitrary<ProcessIdentity> others =
        Combinators.combine(names, Arbitraries.of(Role.GATEWAY, Role.ROUTER, Role.OPERATOR))
            .as((name, role) -> ProcessIdentity.of(role, name));
    return Arbitraries.oneOf(nodes, others);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "node/one",
        "node/site/",
        "node/site/one/two",
        "node/SITE/one",
        "node/moon/one",
        "node/unspecified/one",
        "router/",
        "router/site/one",
        "Router/one",
        "gateway/a b",
        "gateway/a%2Fb",
        "gateway/one?x",
        "gateway/one\n",
        "king/one",
        "//router/one",
      })
  void readsNothingElse(String text) {
    assertThatThrownBy(() -> ProcessIdentity.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is none of gateway/NAME");
  }

  @Test
  void aCertificateWithoutAnIdentityProvesNothing() {
    CertificateAuthority authority = CertificateAuthority.create("a", Instant.now(), Fleet.YEAR);
    CertifiedKey https = authority.issueHttps(List.of("localhost"), Instant.now(), Fleet.YEAR);
    assertThatThrownBy(() -> ProcessIdentity.of(https.chain().getFirst()))
        .isInstanceOf(CertificateException.class)
        .hasMessageContaining("no ringfence:// URI");
  }
}
