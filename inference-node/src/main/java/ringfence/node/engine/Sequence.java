package ringfence.node.engine;

import java.util.Arrays;
import ringfence.node.compute.Backend;
import ringfence.node.compute.Batch;
import ringfence.node.compute.sampling.Adjustments;
import ringfence.node.compute.sampling.Draw;
import ringfence.node.engine.GenerationTask.ChoiceStart;
import ringfence.node.tokenizer.Tokenizer;

/// One answer being generated: its tokens, KV pages and sampler state. The only mutable thing here,
/// and the engine's thread's alone.
///
/// What comes next depends on prompt, answer so far, parameters and seed, and on nothing else:
/// pages may be taken away and computed again at any time.
final class Sequence {
  /// Where a sequence is.
  enum State {
    WAITING,
    RUNNING,
    ENDED
  }

  private static final int[] NO_PAGES = new int[0];

  final RunningTask task;
  final int choice;

  /// Rises in order of arrival.
  final long age;

  final int promptLength;
  final Adjustments adjustments;
  final AnswerText text;
  State state = State.WAITING;

  /// When it may be stepped next; [PacedSteps]' alone.
  long dueNanos;

  private int[] tokens;
  private int length;

  // The first `computed` positions are in `pages`; the first `published` pages are full and known
  // to
  // the prefix cache, the last of them as `block`.
  private int[] pages = NO_PAGES;
  private int computed;
  private int published;
  private long block = PrefixCache.ROOT;

  /// Replays the answer that the choice starts with; its text has been sent before.
  Sequence(RunningTask task, ChoiceStart start, long age, Tokenizer tokenizer) {
    int[] prompt = task.task.prompt();
    this.task = task;
    this.choice = start.index();
    this.age = age;
    this.promptLength = prompt.length;
    this.tokens = Arrays.copyOf(prompt, prompt.length + start.answer().length + 16);
    this.length = prompt.length;
    this.adjustments = task.task.sampling().adjustments();
    this.text = new AnswerText(tokenizer, task.stops);
    for (int token : prompt) {
      adjustments.addPrompt(token);
    }
    for (int token : start.answer()) {
      append(token);
    }
  }

  /// Takes the next token of the answer.
  ///
  /// @return the text that it releases
  String append(int token) {
    if (length == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * length);
    }
    tokens[length++] = token;
    adjustments.addAnswer(token);
    return text.next(token);
  }

  int length() {
    return length;
  }

  int answerLength() {
    return length - promptLength;
  }

  /// Tokens that the KV cache lacks.
  int pending() {
    return length - computed;
  }

  /// Prompt tokens that the KV cache lacks.
  int pendingPrompt() {
    return Math.max(0, promptLength - computed);
  }

  boolean isPromptComputed() {
    return computed >= promptLength;
  }

  int[] pages() {
    return pages;
  }

  int computed() {
    return computed;
  }

  /// Takes pages for all its tokens, as many as possible from the prefix cache. The last token is
  /// always left to compute, for its logits.
  ///
  /// @param headroom pages that must stay available
  /// @return false, and nothing has changed, when there are not enough
  boolean reserve(KvPages kv, int headroom) {
    int needed = kv.pagesFor(length);
    int reusable = (length - 1) / kv.pageTokens();
    int[] taken = new int[needed];
    int found = 0;
    long last = PrefixCache.ROOT;
    while (found < reusable) {
      int page = kv.find(last, tokens, found * kv.pageTokens());
      if (page < 0) {
        break;
      }
      taken[found++] = page;
      last = kv.block(page);
    }
    if (needed - found + headroom > kv.available()) {
      while (found > 0) {
        kv.release(taken[--found]);
      }
      return false;
    }
    for (int i = found; i < needed; i++) {
      taken[i] = kv.allocate();
    }
    pages = taken;
    computed = found * kv.pageTokens();
    published = found;
    block = last;
    return true;
  }

  /// Goes on from the prompt of another choice: shares its full pages and copies the rest, if there
  /// is a rest, to a page of its own. That page must be available.
  ///
  /// @param leader has just computed the prompt, no more
  void fork(Sequence leader, KvPages kv, Backend backend) {
    int full = promptLength / kv.pageTokens();
    int rest = promptLength % kv.pageTokens();
    int[] taken = Arrays.copyOf(leader.pages, kv.pagesFor(promptLength));
    for (int i = 0; i < full; i++) {
      kv.share(taken[i]);
    }
    if (rest > 0) {
      taken[full] = kv.allocate();
    }
    pages = taken;
    computed = promptLength;
    published = leader.published;
    block = leader.block;
    if (rest > 0) {
      backend.copyPage(leader.pages[full], taken[full], rest);
    }
  }

  /// True when the next token has no page to go to.
  boolean needsPage(KvPages kv) {
    return kv.pagesFor(length) > pages.length;
  }

  void addPage(int page) {
    pages = Arrays.copyOf(pages, pages.length + 1);
    pages[pages.length - 1] = page;
  }

  /// The next `count` tokens that the KV cache lacks.
  Batch.Run run(int count) {
    return new Batch.Run(
        Arrays.copyOfRange(tokens, computed, computed + count),
        computed,
        pages,
        computed + count == length ? 1 : 0);
  }

  /// How its next token is drawn.
  Draw draw() {
    SamplingParameters sampling = task.task.sampling();
    return new Draw(
        sampling.temperature(),
        sampling.topK(),
        sampling.topP(),
        sampling.minP(),
        sampling.seed(),
        choice,
        answerLength(),
        adjustments,
        null,
        task.task.topLogProbs());
  }

  /// The backend has computed `count` more tokens: pages that are full now go to the prefix cache.
  void computed(int count, KvPages kv) {
    computed += count;
    while (published < computed / kv.pageTokens()) {
      int page = kv.publish(block, tokens, published * kv.pageTokens(), pages[published]);
      pages[published++] = page;
      block = kv.block(page);
    }
  }

  /// Gives all pages back, the last one first.
  void releasePages(KvPages kv) {
    for (int i = pages.length - 1; i >= 0; i--) {
      kv.release(pages[i]);
    }
    pages = NO_PAGES;
    computed = 0;
    published = 0;
    block = PrefixCache.ROOT;
  }
}
