package ringfence.router;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.constructors;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaConstructorCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;
import ringfence.router.ledger.LedgerReceipt;
import ringfence.router.policy.Caller;
import ringfence.router.policy.EffectiveLabel;
import ringfence.router.policy.EgressGrant;
import ringfence.router.routing.Scorer;
import ringfence.router.routing.Screen;

/// The lines that architecture.md draws inside the router.
class BoundariesTest {
  /// Gives a page of the framework's own server another name.

  private static final JavaClasses ROUTER =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("ringfence.router");

  @Test
  void routingIsPure() {
    noClasses()
        .that()
        .resideInAPackage("ringfence.router.routing..")
        .should()
        .dependOnClassesThat()
        .resideOutsideOfPackages(
            "ringfence.router.routing..",
            "java.lang",
            "java.lang.invoke",
            "java.lang.runtime",
            "java.util",
            "java.util.function",
            "java.util.stream",
            "org.jspecify.annotations")
        .orShould()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .dependOnClassesThat()
        .areAssignableTo(Thread.class)
        .check(ROUTER);
  }

  @Test
  void onlyEgressOpensChannels() {
    noClasses()
        .that()
        .resideOutsideOfPackage("ringfence.router.egress..")
        .should()
        .dependOnClassesThat(
            opening(
                "io.grpc.ManagedChannel",
                "io.grpc.ManagedChannelBuilder",
                "io.grpc.Channel",
                "io.grpc.netty.NettyChannelBuilder",
                "java.net.Socket",
                "java.net.URLConnection",
                "java.net.DatagramSocket",
                "java.nio.channels.SocketChannel",
                "java.nio.channels.AsynchronousSocketChannel"))
        .orShould()
        .dependOnClassesThat()
        .resideInAnyPackage("java.net.http..", "io.vertx..", "io.netty..", "jakarta.ws.rs.client..")
        .check(ROUTER);
  }

  private static DescribedPredicate<JavaClass> opening(String... names) {
    return DescribedPredicate.describe(
        "a way out", type -> java.util.Arrays.stream(names).anyMatch(type::isAssignableTo));
  }

  @Test
  void onlyPolicyMakesGrantsAndLabels() {
    noClasses()
        .that()
        .resideOutsideOfPackage("ringfence.router.policy..")
        .should()
        .callConstructor(
            EgressGrant.class,
            String.class,
            int.class,
            ringfence.router.routing.TargetView.class,
            EffectiveLabel.class,
            String.class,
            ringfence.router.routing.Zone.class,
            long.class)
        .orShould()
        .callConstructor(
            EffectiveLabel.class,
            ringfence.router.routing.Zone.class,
            java.util.List.class,
            Caller.class,
            String.class,
            ringfence.router.policy.budget.Spending.class)
        .check(ROUTER);
    constructors()
        .that()
        .areDeclaredIn(EgressGrant.class)
        .or()
        .areDeclaredIn(EffectiveLabel.class)
        .should()
        .bePackagePrivate()
        .check(ROUTER);
  }

  /// A receipt says that a record is durable, a clearance that bytes may leave: nobody else can say
  /// so.
  @Test
  void onlyTheLedgerMakesReceiptsAndOnlyTheExitClears() {
    constructors()
        .that()
        .areDeclaredIn(LedgerReceipt.class)
        .should()
        .bePackagePrivate()
        .check(ROUTER);
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName("ringfence.router.ledger.Ledger")
        .should()
        .callConstructorWhere(making("ringfence.router.ledger.LedgerReceipt"))
        .check(ROUTER);
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName("ringfence.router.egress.Exit")
        .should()
        .callConstructorWhere(making("ringfence.router.egress.Clearance"))
        .check(ROUTER);
  }

  private static DescribedPredicate<JavaConstructorCall> making(String type) {
    return DescribedPredicate.describe(
        "it makes a " + type, call -> call.getTargetOwner().getName().equals(type));
  }

  /// What speaks JSON has no way out, and what has one sends cleared bytes only.
  @Test
  void theFormatOfUpstreamsOpensNothing() {
    noClasses()
        .that()
        .resideInAnyPackage("ringfence.router.egress.openai..", "ringfence.router.upstream..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.net.http..", "io.grpc..", "io.netty..", "java.nio.channels..")
        .check(ROUTER);
    noClasses()
        .that()
        .haveNameNotMatching("ringfence\\.router\\.egress\\.Upstream(Egress|Call|Refusal)(\\$.*)?")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("java.net.http..")
        .check(ROUTER);
  }

  /// What goes to Kafka is an event, and events have no field for content.
  @Test
  void onlyThePublisherKnowsKafkaAndItKnowsEventsAlone() {
    noClasses()
        .that()
        .resideOutsideOfPackage("ringfence.router.events.kafka..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.apache.kafka..")
        .check(ROUTER);
    noClasses()
        .that()
        .resideInAPackage("ringfence.router.events..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "ringfence.router.dispatch..",
            "ringfence.router.egress..",
            "ringfence.router.policy..",
            "ringfence.router.serving..")
        .orShould()
        .dependOnClassesThat()
        .haveNameMatching(
            "ringfence\\.proto\\.v1\\.(Prompt|Chat|ChatMessage|Token|RouteRequest|GenerationRequest|RouteEvent)")
        .check(ROUTER);
  }

  @Test
  void aScreenIsNotAScorer() {
    noClasses()
        .that()
        .areAssignableTo(Screen.class)
        .should()
        .beAssignableTo(Scorer.class)
        .check(ROUTER);
  }

  @Test
  void theRouterReadsNoJsonButUpstreams() {
    noClasses()
        .that()
        .resideOutsideOfPackage("ringfence.router.egress.openai..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("com.fasterxml..", "jakarta.json..", "com.google.gson..", "io.vertx..")
        .check(ROUTER);
  }

  @Test
  void onlyServingAndTheCommandsKnowTheFramework() {
    noClasses()
        .that()
        .resideOutsideOfPackages("ringfence.router.serving..", "ringfence.router.cli..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "io.quarkus..",
            "jakarta..",
            "org.eclipse.microprofile..",
            "io.smallrye..",
            "io.micrometer..")
        .check(ROUTER);
  }
}
