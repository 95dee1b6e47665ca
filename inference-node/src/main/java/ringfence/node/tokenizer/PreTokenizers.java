package ringfence.node.tokenizer;

import static ringfence.node.tokenizer.Categories.IN_NUMBER;

import java.util.Map;

/// The table of pre-tokenizers. Add one here.
final class PreTokenizers {

  private static final Splitter GPT2 = SplitPatterns::gpt2;
  private static final Splitter EACH_NUMBER = SplitPatterns.runs(IN_NUMBER, 1);

  private PreTokenizers() {}

  static void fill(Map<String, PreTokenizer> table) {
    put(table, PreTokenizer.of(GPT2), "gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion");
    put(
        table,
        PreTokenizer.of(EACH_NUMBER, GPT2),
        "smollm",
        "starcoder",
        "refact",
        "command-r",
        "codeshell",
        "exaone",
        "minerva-7b",
        "mellum2");
    put(
        table,
        PreTokenizer.of(WordPattern.LLAMA3).withWholeWords().withBeginning(),
        "llama-bpe",
        "llama3",
        "llama-v3",
        "falcon3",
        "falcon-h1",
        "pixtral",
        "midm-2.0",
        "lfm2");
    put(
        table,
        PreTokenizer.of(WordPattern.QWEN2),
        "qwen2",
        "deepseek-r1-qwen",
        "stablelm2",
        "megrez",
        "hunyuan",
        "solar-open");
  }

  private static void put(
      Map<String, PreTokenizer> table, PreTokenizer preTokenizer, String... names) {
    for (String name : names) {
      table.put(name, preTokenizer);
    }
  }
}
