package ringfence.node.tokenizer;

import static ringfence.node.tokenizer.Categories.IN_LETTER;
import static ringfence.node.tokenizer.Categories.IN_LINE_END;
import static ringfence.node.tokenizer.Categories.IN_MARK;
import static ringfence.node.tokenizer.Categories.IN_NUMBER;
import static ringfence.node.tokenizer.Categories.IN_PUNCTUATION;
import static ringfence.node.tokenizer.Categories.IN_SPACE;
import static ringfence.node.tokenizer.Categories.IN_SYMBOL;
import static ringfence.node.tokenizer.SplitPatterns.matches;
import static ringfence.node.tokenizer.SplitPatterns.maybeSpaced;
import static ringfence.node.tokenizer.SplitPatterns.runs;
import static ringfence.node.tokenizer.SplitPatterns.spacedRuns;

import java.util.Map;

/// The table of pre-tokenizers. Add one here; `PreTokenizerTest` compares it with Hugging Face's.
final class PreTokenizers {

  private static final Splitter GPT2 = SplitPatterns::gpt2;
  private static final Splitter EACH_NUMBER = runs(IN_NUMBER, 1);

  private static final CodePoints CJK_TO_DEEPSEEK =
      CodePoints.of("\u0800-\u4e00\u4e01-\u9fa5가-\ud7ff");
  private static final CodePoints CASED_TO_DEEPSEEK =
      CodePoints.of(
          "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚ"
              + "Ḁ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼ\u1fbeῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭ"
              + "ℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ"
              + "𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃");
  private static final CodePoints SYMBOLS_TO_DEEPSEEK =
      CodePoints.of("!-/:-~\u2018-\u201f\u3000-\u3002！-／：-～");
  private static final CodePoints HAN_AND_KANA = CodePoints.of("\u3040-\u30ff\u4e00-\u9fa5");
  private static final CodePoints ENDS_BLOOM_WORDS =
      CodePoints.of("!(),.?|\u060c\u06d4\u0964\u2026\u3001\u3002\uff0c");

  private PreTokenizers() {}

  static void fill(Map<String, PreTokenizer> table) {
    gpt2(table);
    cl100k(table);
    o200k(table);
    deepSeek(table);
    others(table);
  }

  private static void gpt2(Map<String, PreTokenizer> table) {
    put(
        table,
        PreTokenizer.of(GPT2),
        "gpt-2",
        "phi-2",
        "mpt",
        "olmo",
        "jais",
        "trillion",
        "exaone4",
        "gigachat",
        "a.x-4.0",
        "mellum",
        "jina-es",
        "jina-de",
        "jina-v2-es",
        "jina-v2-de",
        "modern-bert",
        "granite-docling");
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
  }

  private static void cl100k(Map<String, PreTokenizer> table) {
    PreTokenizer threeDigits = PreTokenizer.of(WordPattern.LLAMA3);
    put(
        table,
        threeDigits.withWholeWords().withBeginning(),
        "llama-bpe",
        "llama3",
        "llama-v3",
        "falcon3",
        "falcon-h1",
        "pixtral",
        "midm-2.0",
        "lfm2",
        "jina-v5-nano");
    put(table, threeDigits, "dbrx", "smaug-bpe", "glm4", "chatglm-bpe");
    put(
        table,
        PreTokenizer.of(WordPattern.QWEN2),
        "qwen2",
        "deepseek-r1-qwen",
        "kormo",
        "f2llmv2",
        "stablelm2",
        "megrez",
        "hunyuan",
        "solar-open",
        "grok-2");
    put(table, PreTokenizer.of(new WordPattern(true, IN_LETTER | IN_MARK, 1, true)), "qwen35");
    put(table, PreTokenizer.of(new WordPattern(false, IN_LETTER, 1, true)), "ufakzeka");
    put(table, PreTokenizer.of(new WordPattern(true, IN_LETTER, 1, false)), "seed-coder");
    put(table, PreTokenizer.of(WordPattern.QWEN2), "bailingmoe", "bailingmoe2", "llada-moe");
    put(
        table,
        PreTokenizer.of(
                runs(IN_NUMBER, 3), new WordPattern(true, IN_LETTER, Integer.MAX_VALUE, true))
            .withWholeWords(),
        "minicpm5");
  }

  private static void o200k(Map<String, PreTokenizer> table) {
    put(
        table,
        PreTokenizer.of(new CasedWordPattern(true, 3)),
        "gpt-4o",
        "llama4",
        "kanana2",
        "talkie",
        "minimax-m2");
    put(
        table,
        PreTokenizer.of(new CasedWordPattern(false, 1)).withWholeWords().withBeginning(),
        "tekken");
  }

  private static void deepSeek(Map<String, PreTokenizer> table) {
    put(
        table,
        PreTokenizer.of(
            runs(IN_LINE_END, 1),
            spacedRuns(CASED_TO_DEEPSEEK),
            spacedRuns(SYMBOLS_TO_DEEPSEEK),
            SplitPatterns::trailingSpace,
            runs(CJK_TO_DEEPSEEK),
            EACH_NUMBER),
        "deepseek-llm");
    put(
        table,
        PreTokenizer.of(
            runs(IN_LINE_END, 1),
            spacedRuns(IN_LETTER),
            spacedRuns(IN_PUNCTUATION),
            runs(CJK_TO_DEEPSEEK),
            EACH_NUMBER),
        "deepseek-coder");
    put(
        table,
        PreTokenizer.of(runs(IN_NUMBER, 3), runs(HAN_AND_KANA), matches(SymbolWordPattern::match)),
        "deepseek-v3",
        "hunyuan-dense",
        "joyai-llm",
        "hy_v4");
  }

  private static void others(Map<String, PreTokenizer> table) {
    put(
        table,
        PreTokenizer.of(
            punctuationAnd("$+<=>^~|`"), GPT2, FalconDigits::runs, FalconDigits::threes),
        "falcon");
    put(
        table,
        PreTokenizer.of(punctuationAnd("$+<=>^~|"), GPT2, runs(IN_NUMBER), FalconDigits::threes),
        "default");
    Splitter bloom =
        maybeSpaced(c -> !ENDS_BLOOM_WORDS.contains(c) && (IN_SPACE >> Categories.of(c) & 1) == 0);
    put(table, PreTokenizer.of(bloom), "bloom", "poro-chat", "gpt3-finnish");
    put(table, PreTokenizer.of(bloom, EACH_NUMBER), "viking");
    // Image tokens, which the published pattern has too, are special tokens of the vocabulary.
    put(
        table,
        PreTokenizer.of(
                matches(PreTokenizers::tabLineOrSpaces),
                EACH_NUMBER,
                matches(PreTokenizers::punctuationMark),
                GPT2)
            .withBeginning(),
        "chameleon");
  }

  /// `[\t\n]| | `: a tab, a line's end, four spaces or two.
  private static int tabLineOrSpaces(Utf8Text text, int from, int to) {
    if (text.is('\t', from, to) || text.is('\n', from, to)) {
      return from + 1;
    }
    int spaces = 0;
    while (spaces < 4 && text.is(' ', from + spaces, to)) {
      spaces++;
    }
    return from + (spaces & ~1);
  }

  /// One punctuation mark, or one of ASCII's symbols.
  private static int punctuationMark(Utf8Text text, int from, int to) {
    boolean ascii = text.bytes()[from] >= 0;
    return text.in(ascii ? IN_PUNCTUATION | IN_SYMBOL : IN_PUNCTUATION, from)
        ? text.next(from)
        : from;
  }

  private static Splitter punctuationAnd(String symbols) {
    return matches((text, from, to) -> {
      int at = from;
      while (at < to && (text.in(IN_PUNCTUATION, at) || symbols.indexOf(text.bytes()[at]) >= 0)) {
        at++;
      }
      return at;
    });
  }

  private static void put(
      Map<String, PreTokenizer> table, PreTokenizer preTokenizer, String... names) {
    for (String name : names) {
      table.put(name, preTokenizer);
    }
  }
}
