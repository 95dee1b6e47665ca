package ringfence.node.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Set;

/// What all tokenizers share: the vocabulary in compact form, special tokens, and what is put
/// around a text.
abstract sealed class VocabularyTokenizer implements Tokenizer
    permits BytePairTokenizer, SentencePieceTokenizer {

  private static final Set<String> KEEP_AFTER = Set.of("<s>", "<unk>", "<|endoftext|>");

  /// The bytes that tokens stand for; of special tokens, their spelling.
  final ByteStrings texts;

  private final TokenKind[] kinds;
  private final SpecialTokens specialTokens;
  private final BitSet ends;
  private final BitSet stripAfter = new BitSet();
  private final Vocabulary.SpecialIds special;
  private final boolean addBeginning;
  private final boolean addEnd;

  /// @param addBeginning where the file doesn't say
  VocabularyTokenizer(Vocabulary vocabulary, boolean addBeginning) {
    special = vocabulary.special();
    int size = vocabulary.size();
    kinds = new TokenKind[size];
    texts = new ByteStrings(size);
    boolean[] control = new boolean[size];
    List<byte[]> spellings = new ArrayList<>();
    int[] ids = new int[size];
    for (int id = 0; id < size; id++) {
      String spelling = vocabulary.spellings().get(id);
      TokenKind kind = kind(vocabulary, id, spelling);
      kinds[id] = kind;
      control[id] = kind.special();
      byte[] text =
          kind.special() || kind == TokenKind.USER_DEFINED
              ? spelling.getBytes(StandardCharsets.UTF_8)
              : kind == TokenKind.BYTE ? new byte[] {byteOf(spelling, id)} : textOf(spelling);
      texts.add(text);
      if (kind.special() || kind == TokenKind.USER_DEFINED) {
        ids[spellings.size()] = id;
        spellings.add(text);
        if (vocabulary.rules().stripAfterSpecial() && !KEEP_AFTER.contains(spelling)) {
          stripAfter.set(id);
        }
      }
      if (kind == TokenKind.NORMAL) {
        texts.index(id);
      }
    }
    for (int i = 0; i < spellings.size() && mergesIntoUserDefined(); i++) {
      if (!control[ids[i]]) {
        texts.index(ids[i]);
      }
    }
    texts.trim();
    ids = Arrays.copyOf(ids, spellings.size());
    specialTokens = new SpecialTokens(ids, spellings.toArray(byte[][]::new), control);
    ends = EndOfGeneration.of(vocabulary, control);
    Boolean saysBeginning = vocabulary.rules().addBeginning();
    Boolean saysEnd = vocabulary.rules().addEnd();
    this.addBeginning =
        saysBeginning == null
            ? addBeginning && special.beginning() >= 0
            : saysBeginning && needed(special.beginning(), "bos");
    addEnd = saysEnd != null && saysEnd && needed(special.end(), "eos");
  }

  private static boolean needed(int id, String name) {
    if (id < 0) {
      throw new VocabularyException(
          "tokenizer.ggml." + name + "_token_id", "is missing; add_" + name + "_token needs it");
    }
    return true;
  }

  private static TokenKind kind(Vocabulary vocabulary, int id, String spelling) {
    TokenKind kind = vocabulary.kinds().get(id);
    Vocabulary.SpecialIds special = vocabulary.special();
    boolean mark =
        id == special.end()
            || id == special.endOfTurn()
            || id == special.endOfMessage()
            || (id == special.beginning() && spelling.startsWith("<"))
            || EndOfGeneration.mark(spelling);
    return mark && kind != TokenKind.UNKNOWN ? TokenKind.CONTROL : kind;
  }

  private static byte byteOf(String spelling, int id) {
    try {
      if (spelling.length() == 6 && spelling.startsWith("<0x") && spelling.endsWith(">")) {
        return (byte) Integer.parseInt(spelling, 3, 5, 16);
      }
    } catch (NumberFormatException e) {
      // falls through
    }
    throw new VocabularyException(
        Vocabulary.TOKENS, "token " + id + " is a byte and not spelled <0xXX>");
  }

  /// The bytes that a normal token's spelling stands for.
  abstract byte[] textOf(String spelling);

  /// Whether merges may pass through user-defined tokens.
  abstract boolean mergesIntoUserDefined();

  /// The spelling of a normal token with this text.
  abstract String spellingOf(byte[] text);

  /// Encodes text without special tokens, not empty.
  ///
  /// @param fresh at the text's beginning, or after a special token
  abstract void encode(Utf8Text text, int from, int to, boolean fresh, TokenList tokens);

  @Override
  public final int[] encode(MarkedText marked, boolean addSpecial) {
    TrustedSpans trusted = TrustedSpans.of(marked);
    Utf8Text text = trusted.text();
    TokenList tokens = new TokenList(text.length() / 3);
    int from = 0;
    int at = 0;
    boolean fresh = true;
    while (at < text.length()) {
      long found = specialTokens.find(text.bytes(), at, text.length(), trusted.end(at));
      if (found < 0) {
        at++;
        continue;
      }
      if (from < at) {
        encode(text, from, at, fresh, tokens);
      }
      int token = (int) found;
      tokens.add(token);
      fresh = true;
      at = (int) (found >>> 32);
      while (stripAfter.get(token) && at < text.length() && blank(text.bytes()[at])) {
        at++;
      }
      from = at;
    }
    if (from < at) {
      encode(text, from, at, fresh, tokens);
    }
    return around(tokens.toArray(), addSpecial);
  }

  private static boolean blank(byte b) {
    return b == ' ' || (b >= '\t' && b <= '\r');
  }

  private int[] around(int[] tokens, boolean addSpecial) {
    boolean first =
        addSpecial && addBeginning && (tokens.length == 0 || tokens[0] != special.beginning());
    boolean last =
        addSpecial && addEnd && (tokens.length == 0 || tokens[tokens.length - 1] != special.end());
    if (!first && !last) {
      return tokens;
    }
    int[] all = new int[tokens.length + (first ? 1 : 0) + (last ? 1 : 0)];
    System.arraycopy(tokens, 0, all, first ? 1 : 0, tokens.length);
    if (first) {
      all[0] = special.beginning();
    }
    if (last) {
      all[all.length - 1] = special.end();
    }
    return all;
  }

  @Override
  public final byte[] bytes(int token) {
    return switch (kinds[token]) {
      case NORMAL, USER_DEFINED, BYTE -> texts.get(token);
      case CONTROL, UNKNOWN, UNUSED -> new byte[0];
    };
  }

  @Override
  public final boolean isControl(int token) {
    return kinds[token].special();
  }

  @Override
  public final boolean isEndOfGeneration(int token) {
    return ends.get(token);
  }

  @Override
  public final int size() {
    return kinds.length;
  }

  @Override
  public final String spelling(int token) {
    byte[] text = texts.get(token);
    return switch (kinds[token]) {
      case NORMAL, UNUSED -> spellingOf(text);
      case CONTROL, UNKNOWN, USER_DEFINED -> new String(text, StandardCharsets.UTF_8);
      case BYTE -> String.format("<0x%02X>", text[0] & 0xff);
    };
  }

  @Override
  public final int beginningOfSequence() {
    return special.beginning();
  }

  @Override
  public final int endOfSequence() {
    return special.end();
  }

  final int unknown() {
    return special.unknown();
  }
}
