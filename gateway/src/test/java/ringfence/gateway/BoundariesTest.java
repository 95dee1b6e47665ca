package ringfence.gateway;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class BoundariesTest {
  private static final JavaClasses GATEWAY =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("ringfence.gateway");

  @Test
  void theGatewayKnowsNoNodeAndNothingOfTheRouterButItsContract() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("ringfence.router..", "ringfence.node..")
        .check(GATEWAY);
    noClasses()
        .should()
        .dependOnClassesThat()
        .haveNameMatching("ringfence\\.proto\\.v1\\.(Generation|Fleet)Grpc.*")
        .check(GATEWAY);
  }

  @Test
  void onlyRoutingOpensAChannel() {
    noClasses()
        .that()
        .resideOutsideOfPackage("ringfence.gateway.routing")
        .should()
        .dependOnClassesThat()
        .haveNameMatching("io\\.grpc\\.(.*Channel.*|ClientCall.*|netty\\..*)")
        .orShould()
        .dependOnClassesThat()
        .haveNameMatching(
            "java\\.net\\.(http\\.|Socket|URLConnection).*|io\\.vertx\\..*(Net|Http)Client.*")
        .check(GATEWAY);
  }

  @Test
  void theWireFormatKnowsNoServer() {
    noClasses()
        .that()
        .resideInAPackage("ringfence.gateway.openai")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "io.vertx..",
            "io.quarkus..",
            "jakarta..",
            "ringfence.gateway.access..",
            "ringfence.gateway.routing..",
            "ringfence.gateway.serving..")
        .check(GATEWAY);
  }
}
