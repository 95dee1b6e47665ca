package ringfence.node.engine;

/// The backend's KV pages: who refers to which, which are free, and which nobody refers to but the
/// prefix cache still knows. Those last are given away again, longest unused first, when no page is
/// free.
final class KvPages {
  private final int pageTokens;
  private final int[] references;
  private final int[] free;
  private int freeCount;
  private final PrefixCache cache;

  // A ring of idle pages from the longest unused on; index `references.length` closes it.
  private final int[] before;
  private final int[] after;
  private int idleCount;

  /// Pages below it exist.
  private int usable;

  KvPages(int pages, int pageTokens) {
    this.pageTokens = pageTokens;
    this.references = new int[pages];
    this.free = new int[pages];
    this.cache = new PrefixCache(pages, pageTokens);
    this.before = new int[pages + 1];
    this.after = new int[pages + 1];
    reset(pages);
  }

  /// All contents are gone, and perhaps some of the pages: nobody may refer to any.
  ///
  /// @param pages at most as many as at first
  final void reset(int pages) {
    int end = references.length;
    before[end] = end;
    after[end] = end;
    idleCount = 0;
    freeCount = 0;
    usable = Math.min(pages, end);
    for (int page = end - 1; page >= 0; page--) {
      if (references[page] > 0) {
        throw new IllegalStateException("page " + page + " is still referred to");
      }
      cache.remove(page);
      if (page < usable) {
        free[freeCount++] = page;
      }
    }
  }

  int pages() {
    return usable;
  }

  int pageTokens() {
    return pageTokens;
  }

  /// Pages for so many tokens.
  int pagesFor(int tokens) {
    return (tokens + pageTokens - 1) / pageTokens;
  }

  /// Pages that [#allocate] could give.
  int available() {
    return freeCount + idleCount;
  }

  int references(int page) {
    return references[page];
  }

  /// A page with one reference and unknown content, or -1 when all are referred to.
  int allocate() {
    int page;
    if (freeCount > 0) {
      page = free[--freeCount];
    } else if (idleCount > 0) {
      page = after[references.length];
      unlink(page);
      cache.remove(page);
    } else {
      return -1;
    }
    references[page] = 1;
    return page;
  }

  /// One more reference.
  void share(int page) {
    if (references[page]++ == 0) {
      unlink(page);
    }
  }

  /// One reference less. The caller releases a sequence's last page first, so that of a shared
  /// beginning the end is given away before the start.
  void release(int page) {
    if (references[page] <= 0) {
      throw new IllegalStateException("page " + page + " has no reference to release");
    }
    if (--references[page] == 0) {
      if (cache.contains(page)) {
        link(page);
      } else {
        free[freeCount++] = page;
      }
    }
  }

  /// The page that holds these tokens after this block, with one more reference, or -1.
  int find(long parent, int[] tokens, int from) {
    int page = cache.find(parent, tokens, from);
    if (page >= 0) {
      share(page);
    }
    return page;
  }

  /// Tells the prefix cache what a full page holds.
  ///
  /// @return the page to go on with: this one, or an older one with the same content, to which the
  ///   caller's reference has moved
  int publish(long parent, int[] tokens, int from, int page) {
    int known = cache.find(parent, tokens, from);
    if (known < 0) {
      cache.add(parent, tokens, from, page);
      return page;
    }
    share(known);
    release(page);
    return known;
  }

  /// The block that a published page holds.
  long block(int page) {
    return cache.block(page);
  }

  /// Published pages.
  int cached() {
    return cache.size();
  }

  private void link(int page) {
    int end = references.length;
    before[page] = before[end];
    after[page] = end;
    after[before[end]] = page;
    before[end] = page;
    idleCount++;
  }

  private void unlink(int page) {
    after[before[page]] = after[page];
    before[after[page]] = before[page];
    idleCount--;
  }
}
