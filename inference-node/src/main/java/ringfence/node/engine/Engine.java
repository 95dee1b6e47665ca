package ringfence.node.engine;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.Backend;
import ringfence.node.engine.EngineException.Reason;
import ringfence.node.tokenizer.Tokenizer;

/// Runs a model: one thread owns all sequences and steps them in batches. Tasks come from any
/// thread; their events go out on the engine's.
///
/// Answers depend on prompt, parameters and seed alone where the backend is deterministic: not on
/// what else runs, on how prompts are cut, on preemption, or on what the prefix cache holds.
public final class Engine implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Engine.class.getName());

  /// A step of the slowest backend on the longest batch is well below this.
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(60);

  private final TaskLimits limits;
  private final int maxTasks;
  private final Stepper stepper;
  private final Thread thread;

  // Guarded by `lock`.
  private final Object lock = new Object();
  private final Queue<RunningTask> arrivals = new ArrayDeque<>();
  private int tasks;
  private @Nullable EngineException refusal;

  private volatile boolean closing;
  private volatile boolean news;
  private volatile EngineStats stats;

  /// Starts the engine. It does not own the backend: close that one after this.
  ///
  /// @param name of the thread: `engine-` and this
  /// @param vocabulary logits of a row
  /// @throws IllegalArgumentException when the options don't fit the backend
  public Engine(
      String name, Backend backend, Tokenizer tokenizer, int vocabulary, EngineOptions options) {
    if (options.maxStepTokens() > backend.maxBatchTokens()) {
      throw new IllegalArgumentException(
          "maxStepTokens is "
              + options.maxStepTokens()
              + "; the backend takes "
              + backend.maxBatchTokens());
    }
    long kvTokens = (long) backend.pages() * backend.pageTokens();
    this.limits =
        new TaskLimits(
            options.contextLength(),
            (int) Math.min(kvTokens, Integer.MAX_VALUE),
            Math.min(vocabulary, tokenizer.size()));
    this.maxTasks = options.maxSequences() + options.maxWaiting();
    this.stepper = new Stepper(backend, tokenizer, vocabulary, limits, options, System::nanoTime);
    this.stats = stepper.stats();
    this.thread = Thread.ofPlatform().name("engine-" + name).daemon(true).unstarted(this::run);
    thread.start();
  }

  /// Takes a task, from any thread. Events may come before this returns.
  ///
  /// An answer may have as many tokens as context and KV cache have room for; a larger `maxTokens`
  /// ends there with LENGTH.
  ///
  /// @throws EngineException INVALID_REQUEST, CONTEXT_LENGTH_EXCEEDED, PROMPT_EXCEEDS_KV_BUDGET,
  ///   NO_CAPACITY when as many tasks as may wait do, SHUTTING_DOWN, or INTERNAL when the engine
  ///   has stopped
  public Answer submit(GenerationTask task, AnswerListener listener) {
    limits.check(task);
    RunningTask running =
        new RunningTask(task, listener, this::wake, ended -> left(), System.nanoTime());
    synchronized (lock) {
      if (refusal != null) {
        throw refused(refusal);
      }
      if (tasks >= maxTasks) {
        throw new EngineException(Reason.NO_CAPACITY, "all places for tasks are taken");
      }
      tasks++;
      arrivals.add(running);
    }
    wake();
    return running;
  }

  // A fresh exception for each caller, with its own stack trace.
  private static EngineException refused(EngineException refusal) {
    return new EngineException(refusal.reason(), String.valueOf(refusal.getMessage()));
  }

  /// State and totals as of the last step, with the tasks that have come since.
  public EngineStats stats() {
    synchronized (lock) {
      int sequences = 0;
      int promptTokens = 0;
      for (RunningTask task : arrivals) {
        sequences += task.task.choices().size();
        promptTokens += task.task.prompt().length;
      }
      return sequences == 0 ? stats : stats.withWaiting(sequences, promptTokens);
    }
  }

  /// False once the engine's thread has ended.
  public boolean isAlive() {
    return thread.isAlive();
  }

  /// Takes no new tasks and waits for those it has.
  ///
  /// @return true when all have ended, false when they have not within the limit
  public boolean drain(Duration limit) throws InterruptedException {
    refuse(new EngineException(Reason.SHUTTING_DOWN, "this engine takes no more tasks"));
    long deadline = System.nanoTime() + limit.toNanos();
    synchronized (lock) {
      for (long left = limit.toNanos(); tasks > 0 && left > 0; ) {
        TimeUnit.NANOSECONDS.timedWait(lock, left);
        left = deadline - System.nanoTime();
      }
      return tasks == 0;
    }
  }

  /// Fails all tasks with SHUTTING_DOWN after the step that is being computed, and ends the thread.
  ///
  /// @throws IllegalStateException when the backend does not return from that step
  @Override
  public void close() {
    refuse(new EngineException(Reason.SHUTTING_DOWN, "this engine is closed"));
    closing = true;
    wake();
    if (Thread.currentThread() == thread) {
      return;
    }
    try {
      if (!thread.join(CLOSE_LIMIT)) {
        throw new IllegalStateException("the backend is still busy after " + CLOSE_LIMIT);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    EngineException end = new EngineException(Reason.SHUTTING_DOWN, "this engine is closed");
    try {
      while (!closing) {
        boolean hasNews = news;
        news = false;
        takeArrivals();
        boolean worked = stepper.turn(hasNews);
        if (worked || hasNews) {
          stats = stepper.stats();
        }
        if (!worked && !news && !closing) {
          LockSupport.parkNanos(this, stepper.nextWake());
        }
      }
    } catch (EngineException e) {
      LOG.log(System.Logger.Level.ERROR, "the engine stops: {0}", e.getMessage());
      end = e;
    } catch (Throwable e) {
      LOG.log(System.Logger.Level.ERROR, "the engine stops: it failed", e);
      end = new EngineException(Reason.INTERNAL, "the engine failed");
    } finally {
      refuse(end);
      takeArrivals();
      stepper.failAll(end);
      stats = stepper.stats();
    }
  }

  private void takeArrivals() {
    for (RunningTask task = nextArrival(); task != null; task = nextArrival()) {
      stepper.add(task);
    }
  }

  private @Nullable RunningTask nextArrival() {
    synchronized (lock) {
      return arrivals.poll();
    }
  }

  // The first reason stays.
  private void refuse(EngineException reason) {
    synchronized (lock) {
      if (refusal == null) {
        refusal = reason;
      }
    }
  }

  private void left() {
    synchronized (lock) {
      tasks--;
      lock.notifyAll();
    }
  }

  private void wake() {
    news = true;
    LockSupport.unpark(thread);
  }
}
