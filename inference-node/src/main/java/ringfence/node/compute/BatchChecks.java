package ringfence.node.compute;

/// What every backend refuses, before it computes anything.
///
/// @param pages KV pages there are
/// @param pageTokens positions in each
/// @param maxBatchTokens tokens that a batch may have
/// @param vocabulary token ids there are
public record BatchChecks(int pages, int pageTokens, int maxBatchTokens, int vocabulary) {

  /// Checks a batch.
  ///
  /// @throws IllegalArgumentException saying what is wrong with it
  public void check(Batch batch) {
    if (batch.tokens() == 0 || batch.tokens() > maxBatchTokens) {
      throw new IllegalArgumentException(
          batch.tokens() + " tokens in a batch of 1 to " + maxBatchTokens);
    }
    batch.runs().forEach(this::check);
  }

  private void check(Batch.Run run) {
    int length = run.tokens().length;
    if (length == 0 || run.outputs() < 0 || run.outputs() > length || run.position() < 0) {
      throw new IllegalArgumentException(
          "a run of "
              + length
              + " tokens at "
              + run.position()
              + " with "
              + run.outputs()
              + " outputs");
    }
    for (int token : run.tokens()) {
      if (token < 0 || token >= vocabulary) {
        throw new IllegalArgumentException("token " + token + " of " + vocabulary);
      }
    }
    int needed = (run.position() + length - 1) / pageTokens + 1;
    if (run.pages().length < needed) {
      throw new IllegalArgumentException(
          run.pages().length + " pages for a sequence that needs " + needed);
    }
    for (int i = 0; i < needed; i++) {
      checkPage(run.pages()[i]);
    }
  }

  /// Checks a copy of the first `tokens` positions of a page.
  public void checkCopy(int from, int to, int tokens) {
    checkPage(from);
    checkPage(to);
    if (tokens < 0 || tokens > pageTokens) {
      throw new IllegalArgumentException(tokens + " tokens of a page of " + pageTokens);
    }
  }

  private void checkPage(int page) {
    if (page < 0 || page >= pages) {
      throw new IllegalArgumentException("page " + page + " of " + pages);
    }
  }
}
