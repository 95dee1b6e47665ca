package ringfence.node.engine;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which full KV page holds which tokens after which others.
///
/// A page's content is its tokens and the block before it. Blocks are numbered once and never
/// again, so equal parent and equal tokens mean equal tokens from the sequence's start: hits are
/// exact, whatever the hashes.
final class PrefixCache {
  /// The block before a sequence's first.
  static final long ROOT = 0;

  private final Map<Content, Integer> pageOf = new HashMap<>();
  private final @Nullable Content[] contentOf;
  private final long[] blockOf;
  private final int pageTokens;
  private long lastBlock = ROOT;

  PrefixCache(int pages, int pageTokens) {
    this.contentOf = new Content[pages];
    this.blockOf = new long[pages];
    this.pageTokens = pageTokens;
  }

  /// The page that holds `pageTokens` tokens from `from` on after the block `parent`, or -1.
  int find(long parent, int[] tokens, int from) {
    Integer page = pageOf.get(content(parent, tokens, from));
    return page == null ? -1 : page;
  }

  /// Enters a page whose content [#find] does not find.
  void add(long parent, int[] tokens, int from, int page) {
    Content content = content(parent, tokens, from);
    pageOf.put(content, page);
    contentOf[page] = content;
    blockOf[page] = ++lastBlock;
  }

  boolean contains(int page) {
    return contentOf[page] != null;
  }

  /// The block that a page in here holds.
  long block(int page) {
    return blockOf[page];
  }

  /// The page is to hold something else.
  void remove(int page) {
    Content content = contentOf[page];
    if (content != null) {
      pageOf.remove(content);
      contentOf[page] = null;
    }
  }

  /// Pages in here.
  int size() {
    return pageOf.size();
  }

  private Content content(long parent, int[] tokens, int from) {
    return new Content(parent, Arrays.copyOfRange(tokens, from, from + pageTokens));
  }

  private record Content(long parent, int[] tokens) {
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Content content
          && parent == content.parent
          && Arrays.equals(tokens, content.tokens);
    }

    @Override
    public int hashCode() {
      long hash = parent;
      for (int token : tokens) {
        hash = (hash ^ token) * 0x9E3779B97F4A7C15L;
        hash ^= hash >>> 29;
      }
      return (int) (hash ^ (hash >>> 32));
    }
  }
}
