package ringfence.node.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ringfence.node.template.TemplateException.Kind;

class TemplateFailureTest {
  private static final TemplateLimits SMALL = new TemplateLimits(2000, 30, 60, 20_000, 10_000);

  private static TemplateException failure(String source, TemplateLimits limits) {
    Map<String, Value> variables = Map.of("u", Text.outside("secret"));
    return catchThrowableOfType(
        TemplateException.class, () -> Program.parse(source, limits).render(variables));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "a{{ 1 + }}; SYNTAX; 1; 9",
        "ab\\ncd {% if x %}; SYNTAX; 2; 14",
        "{% endif %}; SYNTAX; 1; 4",
        "{% for x in y %}{% endif %}; SYNTAX; 1; 20",
        "{{ 'abc }}; SYNTAX; 1; 4",
        "{{ (1 ]) }}; SYNTAX; 1; 7",
        "{# never closed; SYNTAX; 1; 1",
        "{% raw %}never closed; SYNTAX; 1; 1",
        "{% break %}; SYNTAX; 1; 4",
        "\\n\\n  {% include 'x' %}; UNSUPPORTED; 3; 6",
        "{{ 1 | frobnicate }}; UNSUPPORTED; 1; 8",
        "{{ 1 is frobnicated }}; UNSUPPORTED; 1; 9",
        "x\\n{{ nothing.at_all }}; FAILED; 2; 11",
        "{{ 1 + 'a' }}; FAILED; 1; 6",
        "{{ 1 // 0 }}; FAILED; 1; 6",
        "{{ missing() }}; FAILED; 1; 11",
        "{% for x in 5 %}{% endfor %}; FAILED; 1; 13",
        "é😀\\n😀{{ raise_exception('No.') }}; REFUSED; 2; 20"
      })
  void saysWhatIsWrongAndWhere(String source, Kind kind, int line, int column) {
    TemplateException failure = failure(source.replace("\\n", "\n"), TemplateLimits.DEFAULT);
    assertThat(failure.kind()).as(failure.getMessage()).isEqualTo(kind);
    assertThat(failure.line()).as(failure.getMessage()).isEqualTo(line);
    assertThat(failure.column()).as(failure.getMessage()).isEqualTo(column);
  }

  @Test
  void namesWhatIsNotSupported() {
    assertThat(failure("{% include 'x' %}", SMALL)).hasMessageContaining("'include'");
    assertThat(failure("{{ u | frobnicate }}", SMALL)).hasMessageContaining("'frobnicate'");
    assertThat(failure("{% for x in u recursive %}", SMALL)).hasMessageContaining("recursive");
  }

  @Test
  void repeatsTheTemplatesOwnWordsOnly() {
    TemplateException refused =
        failure("{{ raise_exception('Bad role: ' ~ u ~ '!') }}", TemplateLimits.DEFAULT);
    assertThat(refused.kind()).isEqualTo(Kind.REFUSED);
    assertThat(refused.reason()).isEqualTo("Bad role: …!");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ {}[u].x }}",
        "{{ 1[u].x }}",
        "{{ u.missing.x }}",
        "{{ u + 1 }}",
        "{{ u() }}",
        "{{ u|map(u)|list }}",
        "{{ [1]|select(u)|list }}",
        "{{ u % 1 }}",
        "{{ u.format(1) }}",
        "{{ dict(**{u: 1}) }}",
        "{{ {u: 1}|attr(u) }}{{ u|attr(u).x }}",
        "{{ strftime_now(u) }}",
        "{{ [u] < u }}",
        "{{ u|int.x.y }}",
        "{{ [u]|tojson(indent=u, separators=u) }}",
        "{{ raise_exception(u) }}"
      })
  void showsNothingFromOutside(String source) {
    TemplateException failure = failure(source, TemplateLimits.DEFAULT);
    assertThat(failure).isNotNull();
    assertThat(failure.getMessage()).doesNotContain("secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}",
        "{{ range(1000000) | list }}",
        "{{ 'x' * 100000 }}",
        "{{ ['x'] * 1000000 }}",
        "{{ 'x'.ljust(100000) }}",
        "{{ 9 ** 9 ** 9 ** 9 ** 9 }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% set ns = namespace(s='x') %}{% for i in range(50) %}{% set ns.s = ns.s ~ ns.s %}"
            + "{% endfor %}",
        "{% set l = [1] %}{% for i in l %}{{ l.append(l) }}{% endfor %}{{ l }}",
        "{% set l = [] %}{{ l.append(l) }}{{ l|tojson }}",
        "{% set l = [1] %}{% for i in range(30) %}{% set _ = l.extend(l) %}{% endfor %}",
        "{{ 'aaaaaaaaaa'|replace('a', 'bbbbbbbbbb'*10)|replace('b', 'c'*100) }}",
        "{% for i in range(900) %}xxxxxxxxxxxxxxxxxxxxxxx{% endfor %}",
        "{{ ((((((((((((((((((((((((((((((((1)))))))))))))))))))))))))))))))) }}",
        "{{ - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - 1 }}"
      })
  void stopsAtItsLimits(String source) {
    TemplateException failure = failure(source, SMALL);
    assertThat(failure).isNotNull();
    assertThat(failure.kind()).as(failure.getMessage()).isEqualTo(Kind.LIMIT);
  }

  @Test
  void refusesATemplateThatIsTooLong() {
    assertThat(failure("x".repeat(2001), SMALL).kind()).isEqualTo(Kind.LIMIT);
  }

  @Test
  void theDefaultLimitsKeepTheStackSafe() {
    String nested = "(".repeat(5000) + "1" + ")".repeat(5000);
    assertThat(failure("{{ " + nested + " }}", TemplateLimits.DEFAULT).kind())
        .isEqualTo(Kind.LIMIT);
    assertThat(failure("{{ 1" + " + 1".repeat(5000) + " }}", TemplateLimits.DEFAULT).kind())
        .isEqualTo(Kind.LIMIT);
    assertThat(failure("{% if 1 %}".repeat(5000), TemplateLimits.DEFAULT).kind())
        .isEqualTo(Kind.LIMIT);
    String deepMacro =
        "{% macro m(x) %}{% if 1 %}{% for i in [1] %}{{ [[m(x)]] }}{% endfor %}{% endif %}"
            + "{% endmacro %}{{ m(1) }}";
    assertThat(failure(deepMacro, TemplateLimits.DEFAULT).kind()).isEqualTo(Kind.LIMIT);
  }

  /// Whatever is done to a real template, it renders or says why not.
  @Property(tries = 1000)
  void aDamagedTemplateFailsCleanly(
      @ForAll("templates") String template,
      @ForAll @IntRange(max = 20_000) int at,
      @ForAll @IntRange(max = 60) int cut,
      @ForAll("insertions") String inserted) {
    int from = at % (template.length() + 1);
    int to = Math.min(template.length(), from + cut);
    String damaged = template.substring(0, from) + inserted + template.substring(to);
    try {
      assertThat(
              Program.parse(damaged, TemplateLimits.DEFAULT)
                  .render(Map.of("messages", JsonReader.read(MESSAGES), "tools", Value.None.NONE)))
          .isNotNull();
    } catch (TemplateException expected) {
      assertThat(expected.getMessage()).isNotBlank();
    }
  }

  private static final String MESSAGES =
      """
      [{"role": "system", "content": "Be."}, {"role": "user", "content": "Hi"},
       {"role": "assistant", "content": null, "tool_calls": [{"id": "abcdefghi", "type": "function",
         "function": {"name": "f", "arguments": {"a": [1, 2.5, null, true, "x"]}}}]},
       {"role": "tool", "content": "5", "tool_call_id": "abcdefghi"}]
      """;

  @Provide
  Arbitrary<String> templates() {
    List<String> templates =
        Golden.ofRealTemplates().stream().map(Golden::template).distinct().toList();
    List<String> small = Golden.ofTheLanguage().stream().map(Golden::template).toList();
    return Arbitraries.oneOf(Arbitraries.of(templates), Arbitraries.of(small));
  }

  @Provide
  Arbitrary<String> insertions() {
    return Arbitraries.of(
        "",
        "",
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "-",
        "+",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "'",
        "\"",
        "\\",
        "|",
        "~",
        ".",
        ":",
        ",",
        "=",
        " if ",
        " else ",
        " not ",
        " in ",
        " is ",
        "5",
        "1e9",
        ".5",
        "\\x",
        "\\u12",
        "{% raw %}",
        "{% endfor %}",
        "{% endif %}",
        "😀",
        "\r\n",
        "*",
        "**",
        "%",
        "//",
        " none ",
        "[::-1]",
        "|list",
        "|tojson",
        "|length",
        ".items()");
  }
}
