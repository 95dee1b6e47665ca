package ringfence.node;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Dependencies point inward: `serving -> engine -> model, tokenizer, compute -> gguf`.
class BoundariesTest {
  private static final JavaClasses NODE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("ringfence.node");

  @ParameterizedTest
  @CsvSource({
    "gguf,        ''",
    "model,       gguf",
    "tokenizer,   gguf",
    "template,    tokenizer",
    "cache,       ''",
    "compute,     model gguf cache",
    "engine,      compute model tokenizer gguf",
    "simulation,  engine template compute model tokenizer gguf cache",
    "serving,     simulation catalogue engine template compute model tokenizer gguf",
    "catalogue,   gguf cache"
  })
  void aPackageUsesOnlyThoseFurtherIn(String from, String allowed) {
    String[] mayUse =
        Stream.concat(
                Stream.of(from),
                Arrays.stream(allowed.split(" ", -1)).filter(name -> !name.isEmpty()))
            .map(BoundariesTest::under)
            .toArray(String[]::new);
    check(
        noClasses()
            .that()
            .resideInAPackage(under(from))
            .should()
            .dependOnClassesThat(
                resideInAPackage("ringfence.node..").and(resideOutsideOfPackages(mayUse))));
  }

  @Test
  void theInnerPackagesKnowNoQuarkusAndNoGrpc() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(
                under("engine"),
                under("model"),
                under("gguf"),
                under("tokenizer"),
                under("compute"),
                under("template"))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "io.quarkus..",
                "io.grpc..",
                "io.smallrye..",
                "io.vertx..",
                "jakarta..",
                "org.eclipse.microprofile..",
                "com.google.protobuf..",
                "ringfence.proto.."));
  }

  @Test
  void onlyVulkanKnowsLwjgl() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage(under("compute.vulkan"))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.lwjgl.."));
  }

  @Test
  void backendsDoNotKnowEachOther() {
    check(
        slices()
            .matching("ringfence.node.compute.(*)..")
            .should()
            .notDependOnEachOther()
            .ignoreDependency(alwaysTrue(), resideInAPackage(under("compute.sampling"))));
  }

  @Test
  void nobodyUsesTheCommandLine() {
    check(
        classes()
            .that()
            .resideInAPackage(under("cli"))
            .should()
            .onlyHaveDependentClassesThat()
            .resideInAnyPackage(under("cli"), "ringfence.node"));
  }

  private static String under(String name) {
    return "ringfence.node." + name + "..";
  }

  /// Some rooms are empty until a later backend moves in.
  private static void check(ArchRule rule) {
    rule.allowEmptyShould(true).check(NODE);
  }
}
