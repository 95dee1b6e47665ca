package ringfence.node.engine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendFailure;
import ringfence.node.compute.Batch;
import ringfence.node.compute.Outputs;
import ringfence.node.compute.sampling.Drawn;
import ringfence.node.engine.AnswerListener.FinishReason;
import ringfence.node.engine.EngineException.Reason;
import ringfence.node.engine.GenerationTask.ChoiceStart;
import ringfence.node.tokenizer.Tokenizer;

/// What the engine's thread does, one turn at a time; knows nothing of threads.
final class Stepper {
  private static final System.Logger LOG = System.getLogger(Stepper.class.getName());

  private final Backend backend;
  private final Tokenizer tokenizer;
  private final TaskLimits limits;
  private final LongSupplier nanoTime;
  private final KvPages kv;
  private final Sequences sequences;
  private final Scheduler scheduler;
  private final Outputs outputs;

  /// Numbers of the draws of the step being computed.
  private final Map<Sequence, Integer> draws = new HashMap<>();

  private final Setbacks setbacks;

  /// Met while a page was copied, dealt with after the step.
  private @Nullable BackendFailure copyFailure;

  private final PacedSteps paced;
  private final OpenTasks tasks = new OpenTasks();
  private long nextAge;
  private long steps;
  private long promptTokens;
  private long cachedTokens;
  private long answerTokens;
  private long taken;

  /// @param rowLength logits of one row
  /// @param limits what tasks were checked against
  Stepper(
      Backend backend,
      Tokenizer tokenizer,
      int rowLength,
      TaskLimits limits,
      EngineOptions options,
      LongSupplier nanoTime) {
    this.backend = backend;
    this.tokenizer = tokenizer;
    this.limits = limits;
    this.nanoTime = nanoTime;
    this.kv = new KvPages(backend.pages(), backend.pageTokens());
    this.sequences = new Sequences(kv, options);
    this.scheduler = new Scheduler(options);
    this.paced = new PacedSteps(options.pace());
    this.setbacks = new Setbacks(backend, kv, sequences, scheduler, nanoTime, limits.maxTokens());
    this.outputs = new Outputs(rowLength, limits.vocabulary());
  }

  /// Takes a task. Choices that are complete already end at once.
  void add(RunningTask task) {
    tasks.add(task);
    taken++;
    // The tasks' limits are those of the cache that was there at first.
    if (task.task.choices().stream().anyMatch(c -> !fits(task.task.prompt(), c.answer()))) {
      fail(task, Setbacks.noRoom());
      return;
    }
    List<Sequence> complete = new ArrayList<>();
    for (ChoiceStart start : task.task.choices()) {
      Sequence sequence = new Sequence(task, start, nextAge++, tokenizer);
      task.open.add(sequence);
      if (sequence.text.stopped() || isFull(sequence)) {
        complete.add(sequence);
      } else {
        sequences.add(sequence);
      }
    }
    for (Sequence sequence : complete) {
      task.start(0, nanoTime.getAsLong());
      finish(sequence, FinishReason.LENGTH);
    }
    task.chooseLeader();
  }

  /// One turn: forgets what is no longer wanted, admits, computes one batch, sends what came of it.
  ///
  /// @param news whether something may have been said of tasks since the last turn: that one is
  ///   cancelled, that its reader has room or that it has failed
  /// @return false when nothing happened and nothing will before news or [#nextWake]
  boolean turn(boolean news) {
    long now = nanoTime.getAsLong();
    boolean swept = sweep(news, now);
    if (setbacks.isDown()) {
      return setbacks.waitNanos(now) > 0 ? swept : restart(now);
    }
    List<Sequence> admitted = sequences.admit(now);
    for (Sequence sequence : admitted) {
      int cached = sequence.computed();
      cachedTokens += cached;
      paced.admitted(sequence, now);
      sequence.task.start(Math.min(cached, sequence.promptLength), now);
    }
    List<Sequence> ready = ready(now);
    if (ready.isEmpty()) {
      return swept || !admitted.isEmpty();
    }
    int[] pending = new int[ready.size()];
    for (int i = 0; i < pending.length; i++) {
      pending[i] = ready.get(i).pending();
    }
    step(ready, pending, scheduler.plan(pending));
    return true;
  }

  /// Ends tasks that were cancelled, whose deadline has passed or whose listener threw.
  private boolean sweep(boolean news, long now) {
    boolean swept = false;
    boolean all = news || tasks.mayHaveExpired(now);
    Set<RunningTask> steppable = wouldStep(now);
    for (RunningTask task : all ? tasks.all() : steppable) {
      if (task.isLagging() || steppable.contains(task)) {
        task.refreshReadiness(now);
      }
      if (task.isBroken()) {
        fail(task, new EngineException(Reason.INTERNAL, "the task's listener failed"));
      } else if (task.isCancelled()) {
        cancel(task);
      } else if (task.isExpired(now)) {
        fail(task, new EngineException(Reason.DEADLINE_EXCEEDED, "the deadline has passed"));
      }
      swept |= task.hasEnded();
    }
    if (all) {
      tasks.lookedAt();
    }
    return swept;
  }

  /// Whether a reader has room matters to tasks that would be stepped now. At a pace few of them
  /// are, and asking all of a thousand readers each turn would take most of the time.
  private Set<RunningTask> wouldStep(long now) {
    Set<RunningTask> would = new LinkedHashSet<>();
    for (Sequence sequence : paced.due(sequences.running(), now)) {
      would.add(sequence.task);
    }
    for (Sequence sequence : sequences.waiting()) {
      would.add(sequence.task);
    }
    return would;
  }

  /// The sequences that can be stepped, each with a page for its next token; the oldest first.
  private List<Sequence> ready(long now) {
    List<Sequence> ready = new ArrayList<>();
    for (Sequence sequence : paced.due(sequences.running(), now)) {
      // An older one may have taken its pages just now.
      if (sequence.state == Sequence.State.RUNNING
          && !sequence.task.isLagging()
          && sequences.grow(sequence, now)) {
        ready.add(sequence);
      }
    }
    ready.removeIf(sequence -> sequence.state != Sequence.State.RUNNING);
    return ready;
  }

  private void step(List<Sequence> ready, int[] pending, int[] counts) {
    List<Sequence> stepped = new ArrayList<>();
    List<Batch.Run> runs = new ArrayList<>();
    int decoded = 0;
    int prompt = 0;
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] > 0) {
        stepped.add(ready.get(i));
        runs.add(ready.get(i).run(counts[i]));
        decoded += pending[i] == 1 ? 1 : 0;
        prompt += pending[i] == 1 ? 0 : counts[i];
      }
    }
    Batch batch = new Batch(runs);
    outputs.reset(batch.outputs());
    askForTokens(stepped, runs);
    long began = nanoTime.getAsLong();
    try {
      if (!backend.forward(batch, outputs, () -> allCancelled(stepped))) {
        return;
      }
    } catch (BackendFailure e) {
      setbacks.met(e);
      return;
    } catch (RuntimeException e) {
      failBatch(stepped, e);
      return;
    }
    long now = nanoTime.getAsLong();
    setbacks.stepped();
    paced.stepped(decoded, prompt, sequences.running().size(), (now - began) / 1e9);
    steps++;
    promptTokens += prompt;
    for (int i = 0; i < runs.size(); i++) {
      if (stepped.get(i).state == Sequence.State.RUNNING) {
        stepped.get(i).computed(runs.get(i).tokens().length, kv);
        goOn(stepped.get(i), runs.get(i).outputs() == 1, now);
      }
    }
    BackendFailure failure = copyFailure;
    if (failure != null) {
      copyFailure = null;
      setbacks.met(failure);
    }
  }

  private boolean restart(long now) {
    if (setbacks.restart(now)) {
      for (RunningTask task : tasks.all()) {
        if (task.open.stream().anyMatch(s -> !setbacks.fits(s.length()))) {
          fail(task, Setbacks.noRoom());
        }
      }
    }
    return true;
  }

  private boolean fits(int[] prompt, int[] answer) {
    int length = prompt.length + answer.length;
    // A full context ends without being computed.
    return setbacks.fits(length) || length >= limits.maxTokens();
  }

  /// Wants a token for each sequence that is computed to its end, and from a prompt's last row one
  /// for each choice that may go on from there.
  private void askForTokens(List<Sequence> stepped, List<Batch.Run> runs) {
    draws.clear();
    int row = 0;
    for (int i = 0; i < runs.size(); i++) {
      if (runs.get(i).outputs() == 0) {
        continue;
      }
      Sequence sequence = stepped.get(i);
      draws.put(sequence, outputs.draw(row, sequence.draw()));
      if (sequence.task.isLeader(sequence) && sequence.answerLength() == 0) {
        for (Sequence other : sequence.task.open) {
          if (other.state == Sequence.State.WAITING && other.answerLength() == 0) {
            draws.put(other, outputs.draw(row, other.draw()));
          }
        }
      }
      row++;
    }
  }

  // A long prompt's chunk takes many times longer than a decoded token: when everybody in the batch
  // has gone, the next ones need not wait for its end.
  private static boolean allCancelled(List<Sequence> stepped) {
    for (Sequence sequence : stepped) {
      if (!sequence.task.isCancelled()) {
        return false;
      }
    }
    return true;
  }

  private void failBatch(List<Sequence> stepped, RuntimeException cause) {
    LOG.log(System.Logger.Level.ERROR, "the backend failed in a step", cause);
    for (Sequence sequence : stepped) {
      if (!sequence.task.hasEnded()) {
        fail(sequence.task, new EngineException(Reason.INTERNAL, "the backend failed in a step"));
      }
    }
  }

  private void goOn(Sequence sequence, boolean hasToken, long now) {
    List<Sequence> takers = new ArrayList<>();
    takers.add(sequence);
    try {
      if (sequence.task.completesPrompt(sequence) && sequence.answerLength() == 0) {
        fork(sequence, takers);
      }
      if (hasToken) {
        long due = sequence.dueNanos;
        int running = sequences.running().size();
        for (Sequence taker : takers) {
          paced.token(taker, due, running, now);
          next(taker, now);
        }
      }
    } catch (EngineException e) {
      fail(sequence.task, e);
    }
  }

  /// Lets the task's other choices go on from the prompt that this one has computed.
  private void fork(Sequence leader, List<Sequence> takers) {
    for (Sequence next = sequences.nextFork(leader);
        next != null;
        next = sequences.nextFork(leader)) {
      sequences.run(next);
      try {
        next.fork(leader, kv, backend);
      } catch (BackendFailure e) {
        // It is computed by itself when the device is back.
        sequences.preempt(next);
        copyFailure = e;
        return;
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.ERROR, "the backend failed to copy a page", e);
        throw new EngineException(Reason.INTERNAL, "the backend failed to copy a page");
      }
      takers.add(next);
    }
  }

  /// Takes a sequence's next token and sends what it releases.
  private void next(Sequence sequence, long now) {
    RunningTask task = sequence.task;
    if (!task.isWanted()) {
      return;
    }
    Drawn.Token drawn = drawn(sequence);
    int token = drawn.id();
    if (tokenizer.isEndOfGeneration(token) && !task.task.stop().ignoreEndOfGeneration()) {
      finish(sequence, FinishReason.STOP);
      return;
    }
    String text = sequence.append(token);
    answerTokens++;
    task.token(sequence, token, text, drawn.logProbs(), now);
    if (sequence.text.stopped() || isFull(sequence)) {
      finish(sequence, FinishReason.LENGTH);
    }
  }

  private Drawn.Token drawn(Sequence sequence) {
    Integer number = draws.get(sequence);
    if (number == null) {
      throw new IllegalStateException("no token was asked for");
    }
    return switch (outputs.drawn(number)) {
      case Drawn.Token token -> token;
      case Drawn.Failure failure -> throw new EngineException(Reason.INTERNAL, failure.reason());
    };
  }

  private boolean isFull(Sequence sequence) {
    return sequence.answerLength() >= sequence.task.task.stop().maxTokens()
        || sequence.length() >= setbacks.maxTokens();
  }

  /// Ends a choice; a stop string, also one that the last held-back text completes, goes before
  /// `otherwise`.
  private void finish(Sequence sequence, FinishReason otherwise) {
    sequences.end(sequence);
    String text = sequence.text.finish();
    RunningTask task = sequence.task;
    task.finished(sequence, sequence.text.stopped() ? FinishReason.STOP : otherwise, text);
    if (task.open.isEmpty()) {
      tasks.remove(task);
      task.done();
    }
  }

  private void cancel(RunningTask task) {
    for (Sequence sequence : List.copyOf(task.open)) {
      finish(sequence, FinishReason.CANCELLED);
    }
  }

  private void fail(RunningTask task, EngineException failure) {
    task.open.forEach(sequences::end);
    tasks.remove(task);
    task.failed(failure);
  }

  /// Fails all tasks.
  void failAll(EngineException failure) {
    for (RunningTask task : tasks.all()) {
      fail(task, failure);
    }
  }

  /// Nanoseconds until time alone changes something: a deadline, or a lagging reader's grace.
  long nextWake() {
    long now = nanoTime.getAsLong();
    long next = setbacks.isDown() ? setbacks.waitNanos(now) : sequences.nextPreemptible(now);
    return Math.min(next, Math.min(paced.nextDue(now), tasks.untilDeadline(now)));
  }

  /// The pages, for those who check them.
  KvPages kv() {
    return kv;
  }

  Sequences sequences() {
    return sequences;
  }

  EngineStats stats() {
    long prefill = 0;
    for (Sequence sequence : paced.promptsWait() ? sequences.running() : List.<Sequence>of()) {
      prefill += sequence.pendingPrompt();
    }
    for (Sequence sequence : sequences.waiting()) {
      prefill += sequence.task.mayStart(sequence) ? sequence.pendingPrompt() : 0;
    }
    return new EngineStats(
        sequences.running().size(),
        sequences.waitingCount(),
        (int) Math.min(prefill, Integer.MAX_VALUE),
        kv.available() * kv.pageTokens(),
        paced.speeds(),
        new EngineStats.Totals(
            steps,
            promptTokens,
            cachedTokens,
            answerTokens,
            sequences.preemptions(),
            taken,
            setbacks.restarts()));
  }
}
