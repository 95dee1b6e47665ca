package ringfence.node.template;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Every rendering equals that of Python's jinja2, set up as transformers sets it up, byte for
/// byte.
class GoldenTemplatesTest {
  /// transformers forbids templates to change lists; we, like llama.cpp, allow what this one does.
  private static final Predicate<Golden> APPENDS =
      golden -> golden.result().path("error").asText().contains("access to attribute 'append'");

  /// Constructs of the language that no known chat template uses.
  private static final Set<String> LEFT_OUT =
      Set.of(" recursive %}", "striptags", "{{ range(3) }}", "lipsum");

  @TestFactory
  Stream<DynamicTest> realTemplatesRenderAsInPython() {
    return Golden.ofRealTemplates().stream()
        .filter(APPENDS.negate())
        .map(golden -> DynamicTest.dynamicTest(golden.name(), () -> check(golden)));
  }

  @TestFactory
  Stream<DynamicTest> theLanguageIsThatOfPython() {
    return Golden.ofTheLanguage().stream()
        .filter(APPENDS.negate())
        .filter(golden -> LEFT_OUT.stream().noneMatch(golden.template()::contains))
        .map(golden -> DynamicTest.dynamicTest(golden.name(), () -> check(golden)));
  }

  @TestFactory
  Stream<DynamicTest> aTemplateMayAppendToAList() {
    return Golden.ofRealTemplates().stream()
        .filter(APPENDS)
        .map(golden ->
            DynamicTest.dynamicTest(
                golden.name(), () -> assertThat(golden.render().chars()).isNotEmpty()));
  }

  private static void check(Golden golden) {
    if (golden.result().has("output")) {
      assertThat(golden.render().chars()).isEqualTo(golden.result().get("output").asText());
      return;
    }
    TemplateException failure = failure(golden);
    boolean raised = golden.result().has("raised");
    assertThat(failure.kind() == TemplateException.Kind.REFUSED).isEqualTo(raised);
    assertThat(failure.line()).isPositive();
    if (raised) {
      // What came from outside is shown as "…" in the reason.
      assertThat(golden.result().get("raised").asText()).matches(pattern(failure.reason()));
    }
  }

  private static String pattern(String reason) {
    StringBuilder pattern = new StringBuilder("(?s)");
    for (String piece : reason.split("…", -1)) {
      pattern.append(pattern.length() > 4 ? ".*" : "").append("\\Q").append(piece).append("\\E");
    }
    return pattern.toString();
  }

  private static TemplateException failure(Golden golden) {
    try {
      golden.render();
    } catch (TemplateException expected) {
      return expected;
    }
    throw new AssertionError("rendered what Python refuses: " + golden.result());
  }
}
