package ringfence.node.simulation;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import ringfence.node.template.ChatTemplate;
import ringfence.node.tokenizer.Tokenizer;
import ringfence.node.tokenizer.Tokenizers;
import ringfence.node.tokenizer.Vocabulary;
import ringfence.node.tokenizer.WordVocabulary;

/// What the simulated model reads and writes: a real tokenizer over a small vocabulary, and ChatML
/// with tools.
public final class SimulatedLanguage {
  private static final List<String> WORDS =
      List.of(
          """
          the of and to in is that for it as was with be by on not he his but at are this have from
          or had an they which you were all her she there would their we him been has when who will
          no more if out so up said what its about than into them can only other time new some
          could these two may first then do any like my now over such our man even most me state
          after also made many fence garden river letter window silver winter harbour lantern copper
          meadow kitchen journey teacher machine number answer question network station thunder
          village orchard mountain blanket captain feather ribbon island market pencil bridge
          """
              .split("\\s+"));
  private static final String TEMPLATE =
      """
      {%- if tools -%}
      {{- '<|im_start|>system\\n' + (tools | tojson) + '<|im_end|>\\n' -}}
      {%- endif -%}
      {%- for message in messages -%}
      {{- '<|im_start|>' + message.role + '\\n' -}}
      {%- if message.content -%}{{- message.content -}}{%- endif -%}
      {%- if message.tool_calls -%}{{- message.tool_calls | tojson -}}{%- endif -%}
      {{- '<|im_end|>\\n' -}}
      {%- endfor -%}
      {%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
      """;

  private final Vocabulary vocabulary = WordVocabulary.of(WORDS);
  private final Tokenizer tokenizer = Tokenizers.of(vocabulary);

  public Tokenizer tokenizer() {
    return tokenizer;
  }

  public ChatTemplate template() {
    return ChatTemplate.parse(TEMPLATE, "", "<|im_end|>");
  }

  public int vocabulary() {
    return vocabulary.size();
  }

  /// Tokens of which answers are made.
  int[] words() {
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < vocabulary.size(); id++) {
      ids.put(vocabulary.spellings().get(id), id);
    }
    return WORDS.stream()
        .mapToInt(word -> Objects.requireNonNull(ids.get(WordVocabulary.spelling(word))))
        .distinct()
        .toArray();
  }

  /// The token that ends an answer.
  int end() {
    return vocabulary.special().end();
  }
}
