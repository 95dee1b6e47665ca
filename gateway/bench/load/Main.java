import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/// The load of `deploy/local/bench-router`, without any library: `java gateway/bench/load/Main.java COMMAND ...`.
///
/// - `upstream PORT TTFT_MS TPOT_MS`: an endpoint that only takes its time
/// - `load RATE SECONDS ROUNDS TTFT_MS TPOT_MS TOKENS PIDS TARGET...`: open-loop load on each target in turn, round by round, as a
///   Poisson process (the same arrivals for all targets of a round): at equal distances, those of all streams' tokens that are due
///   would coincide. A target is `NAME URL MODEL KEY`, pids are `NAME=PID,...` of processes whose time is counted, or `-`
/// - `steady RATE MINUTES TTFT_MS TPOT_MS TOKENS PIDS TARGET`: open-loop load for so long, with the memory of the processes ten times
/// - `warm RATE MINUTES TTFT_MS TPOT_MS TOKENS PIDS TARGET...`: such load on each target in turn until the compilers of those processes rest, so
///   many minutes at most
/// - `requests COUNT CONCURRENCY TOKENS PIDS TARGET`: so many requests as fast as they go, with the memory of the processes; with
///   `-Dload.kept=N` the trace of each N-th is to be kept
final class Main {
  private static final int MOST_OPEN = 4000;
  private static final int WARM_SECONDS = 4;
  private static final double RESTING = 0.02;
  private static final String PROMPT = "All work and no play. ".repeat(93);

  private Main() {}

  private record Target(String name, URI url, String model, String key) {
    static Target of(String text) {
      String[] parts = text.split(" ");
      return new Target(parts[0], URI.create(parts[1]), parts[2], parts[3]);
    }

    byte[] request(int tokens, boolean kept) {
      return Stream.request(
          url,
          key,
          "{\"model\":\"" + model + "\",\"stream\":true,\"max_tokens\":" + tokens
              + ",\"messages\":[{\"role\":\"user\",\"content\":\"" + PROMPT + "\"}]}",
          kept);
    }
  }

  /// What one stage found, in milliseconds but for counts.
  private record Stage(
      int answers, int failed, int mostOpen, double first50, double first99, double last50, double last99, double late99,
      String busy) {}

  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "upstream" ->
          new TimedUpstream(millis(args[2]), millis(args[3])).serve(Integer.parseInt(args[1]));
      case "load" -> load(args);
      case "requests" -> requests(args);
      case "steady" -> steady(args);
      case "warm" -> warm(args);
      default -> throw new IllegalArgumentException("unknown command " + args[0]);
    }
  }

  private static long millis(String text) {
    return (long) (Double.parseDouble(text) * 1e6);
  }

  private static void load(String[] args) throws Exception {
    int rate = Integer.parseInt(args[1]);
    int seconds = Integer.parseInt(args[2]);
    int rounds = Integer.parseInt(args[3]);
    long first = millis(args[4]);
    long each = millis(args[5]);
    int tokens = Integer.parseInt(args[6]);
    Map<String, Long> pids = pids(args[7]);
    List<Target> targets = new ArrayList<>();
    for (int i = 8; i < args.length; i++) {
      targets.add(Target.of(args[i]));
    }
    Map<String, List<Stage>> stages = new LinkedHashMap<>();
    for (int round = 0; round <= rounds; round++) {
      for (Target target : targets) {
        Stage stage = stage(target, rate, round == 0 ? Math.min(seconds, WARM_SECONDS) : seconds, round, first, each, tokens, pids);
        if (round > 0) {
          stages.computeIfAbsent(target.name(), name -> new ArrayList<>()).add(stage);
        }
        System.err.printf("round %d, %s: %s%n", round, target.name(), stage);
      }
    }
    System.out.println("| through | added to the first token, p50 | p99 | added to the last token, p50 | p99 | answers | failed | open at most |");
    System.out.println("| --- | --- | --- | --- | --- | --- | --- | --- |");
    stages.forEach((name, of) ->
        System.out.printf(
            "| %s | %s ms | %s ms | %s ms | %s ms | %d | %d | %d |%n",
            name,
            number(median(of.stream().mapToDouble(Stage::first50).toArray())),
            number(median(of.stream().mapToDouble(Stage::first99).toArray())),
            number(median(of.stream().mapToDouble(Stage::last50).toArray())),
            number(median(of.stream().mapToDouble(Stage::last99).toArray())),
            of.stream().mapToInt(Stage::answers).sum(),
            of.stream().mapToInt(Stage::failed).sum(),
            of.stream().mapToInt(Stage::mostOpen).max().orElse(0)));
    stages.forEach((name, of) ->
        System.out.printf("%s: seconds of a core per second: %s; the driver began requests late by p99 %s ms%n",
            name, of.getLast().busy(), number(median(of.stream().mapToDouble(Stage::late99).toArray()))));
  }

  private static Stage stage(
      Target target, int rate, int seconds, int seed, long firstNanos, long eachNanos, int tokens, Map<String, Long> pids)
      throws Exception {
    Stream.Pool pool = new Stream.Pool(target.url());
    byte[] request = target.request(tokens, false);
    Statistics first = new Statistics();
    Statistics last = new Statistics();
    Statistics late = new Statistics();
    AtomicInteger failed = new AtomicInteger();
    AtomicInteger open = new AtomicInteger();
    AtomicInteger mostOpen = new AtomicInteger();
    int total = rate * seconds;
    CountDownLatch ended = new CountDownLatch(total);
    Map<String, Double> before = busy(pids);
    Random arrivals = new Random(seed);
    long start = System.nanoTime();
    double after = 0;
    for (int i = 0; i < total; i++) {
      after += -Math.log(1 - arrivals.nextDouble()) * 1e9 / rate;
      long due = start + (long) after;
      for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      if (open.get() >= MOST_OPEN) {
        failed.incrementAndGet();
        ended.countDown();
        continue;
      }
      late.add(System.nanoTime() - due);
      mostOpen.accumulateAndGet(open.incrementAndGet(), Math::max);
      Thread.ofVirtual()
          .start(() -> {
            try {
              Stream.Heard heard = pool.ask(request);
              if (heard.status() == 200 && heard.texts() == tokens) {
                first.add(heard.firstNanos() - firstNanos);
                last.add(heard.lastNanos() - firstNanos - (tokens - 1) * eachNanos);
              } else {
                failed.incrementAndGet();
              }
            } catch (IOException | RuntimeException e) {
              failed.incrementAndGet();
            } finally {
              open.decrementAndGet();
              ended.countDown();
            }
          });
    }
    double loaded = (System.nanoTime() - start) / 1e9;
    Map<String, Double> now = busy(pids);
    boolean all = ended.await(60, TimeUnit.SECONDS);
    pool.close();
    if (!all) {
      failed.addAndGet((int) ended.getCount());
    }
    StringBuilder busy = new StringBuilder();
    now.forEach((name, cpu) ->
        busy.append(busy.isEmpty() ? "" : ", ").append(name).append(' ').append(number((cpu - before.getOrDefault(name, cpu)) / loaded)));
    return new Stage(
        first.count(), failed.get(), mostOpen.get(), first.quantile(0.5), first.quantile(0.99), last.quantile(0.5),
        last.quantile(0.99), late.quantile(0.99), busy.toString());
  }

  private static void steady(String[] args) throws Exception {
    int rate = Integer.parseInt(args[1]);
    int seconds = Math.max(1, Integer.parseInt(args[2]) * 6);
    Map<String, Long> pids = pids(args[6]);
    Target target = Target.of(args[7]);
    System.out.println("| minutes | answers | failed | added to the first token, p50 | p99 | " + memoryHeads(pids) + " |");
    System.out.println("| --- | --- | --- | --- | --- |" + " --- | --- |".repeat(pids.size()));
    int failed = 0;
    for (int part = 1; part <= 10; part++) {
      Stage stage = stage(target, rate, seconds, part, millis(args[3]), millis(args[4]), Integer.parseInt(args[5]), pids);
      failed += stage.failed();
      System.out.printf(
          "| %s | %d | %d | %s ms | %s ms |%s%n",
          number(part * seconds / 60.0), stage.answers(), stage.failed(), number(stage.first50()), number(stage.first99()), memory(pids));
    }
    if (failed > 0) {
      System.exit(1);
    }
  }

  /// In a code path that has just become hot compilers take more of two cores than the requests do, for minutes.
  private static void warm(String[] args) throws Exception {
    int rate = Integer.parseInt(args[1]);
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(Integer.parseInt(args[2]));
    Map<String, Long> pids = pids(args[6]);
    double compiling = 1;
    int turns = 0;
    while (compiling > RESTING && System.nanoTime() < end) {
      double before = compilerSeconds(pids);
      long began = System.nanoTime();
      for (String target : Arrays.asList(args).subList(7, args.length)) {
        stage(Target.of(target), rate, WARM_SECONDS, turns, millis(args[3]), millis(args[4]), Integer.parseInt(args[5]), pids);
      }
      compiling = (compilerSeconds(pids) - before) / ((System.nanoTime() - began) / 1e9);
      turns++;
    }
    System.out.printf("Warmed up in %d turns, in the last of which compilers took %s of a core.%n", turns, number(compiling));
  }

  /// What the compilers of these processes have taken, in seconds of a core; 0 where there is no /proc.
  private static double compilerSeconds(Map<String, Long> pids) throws IOException {
    long nanos = 0;
    for (long pid : pids.values()) {
      Path threads = Path.of("/proc/" + pid + "/task");
      if (!Files.isDirectory(threads)) {
        continue;
      }
      try (var each = Files.newDirectoryStream(threads)) {
        for (Path thread : each) {
          try {
            if (Files.readString(thread.resolve("comm")).matches("(?s)C[12] Comp.*")) {
              nanos += Long.parseLong(Files.readString(thread.resolve("schedstat")).split(" ")[0]);
            }
          } catch (IOException ended) {
            // So did its compiling.
          }
        }
      }
    }
    return nanos / 1e9;
  }

  private static String memoryHeads(Map<String, Long> pids) {
    return String.join(" | ", pids.keySet().stream().map(n -> n + ", resident | " + n + ", live heap").toList());
  }

  /// The heap after a full collection, which holds the process up for a moment.
  private static String memory(Map<String, Long> pids) throws Exception {
    StringBuilder row = new StringBuilder();
    for (long pid : pids.values()) {
      long resident = status(pid, "VmRSS:") >> 10;
      row.append(" ").append(resident).append(" MiB | ").append(liveHeap(pid)).append(" MiB |");
    }
    return row.toString();
  }

  private static void requests(String[] args) throws Exception {
    int count = Integer.parseInt(args[1]);
    int concurrency = Integer.parseInt(args[2]);
    int tokens = Integer.parseInt(args[3]);
    Map<String, Long> pids = pids(args[4]);
    Target target = Target.of(args[5]);
    Stream.Pool pool = new Stream.Pool(target.url());
    byte[] usual = target.request(tokens, false);
    byte[] kept = target.request(tokens, true);
    int keptEach = Integer.getInteger("load.kept", 0);
    AtomicLong failed = new AtomicLong();
    System.out.println("| requests | requests/s | " + memoryHeads(pids) + " |");
    System.out.println("| --- | --- |" + " --- | --- |".repeat(pids.size()));
    int tenth = Math.max(1, count / 10);
    for (int done = 0; done < count; done += tenth) {
      int now = Math.min(tenth, count - done);
      long began = System.nanoTime();
      Semaphore places = new Semaphore(concurrency);
      for (int i = 0; i < now; i++) {
        places.acquire();
        byte[] request = keptEach > 0 && (done + i) % keptEach == 0 ? kept : usual;
        Thread.ofVirtual()
            .start(() -> {
              try {
                Stream.Heard heard = pool.ask(request);
                if (heard.status() != 200 || heard.texts() != tokens) {
                  failed.incrementAndGet();
                }
              } catch (IOException | RuntimeException e) {
                failed.incrementAndGet();
              } finally {
                places.release();
              }
            });
      }
      places.acquire(concurrency);
      double seconds = (System.nanoTime() - began) / 1e9;
      System.out.println("| " + (done + now) + " | " + Math.round(now / seconds) + " |" + memory(pids));
    }
    pool.close();
    System.out.println(failed.get() + " failed");
    if (failed.get() > 0) {
      System.exit(1);
    }
  }

  /// MiB of objects that a full collection leaves.
  private static String liveHeap(long pid) throws Exception {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    String text = output(jcmd.toString(), Long.toString(pid), "GC.class_histogram");
    for (String line : text.lines().toList()) {
      if (line.startsWith("Total")) {
        String[] parts = line.strip().split("\\s+");
        return number(Long.parseLong(parts[2]) / 1048576.0);
      }
    }
    return "?";
  }

  private static String output(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes());
    process.waitFor();
    return text;
  }

  private static Map<String, Long> pids(String text) {
    Map<String, Long> pids = new LinkedHashMap<>();
    if (text.equals("-")) {
      return pids;
    }
    for (String part : text.split(",")) {
      String[] pair = part.split("=");
      pids.put(pair[0], Long.parseLong(pair[1]));
    }
    return pids;
  }

  private static Map<String, Double> busy(Map<String, Long> pids) {
    Map<String, Double> seconds = new LinkedHashMap<>();
    OperatingSystemMXBean own = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    seconds.put("driver", own.getProcessCpuTime() / 1e9);
    pids.forEach((name, pid) ->
        ProcessHandle.of(pid)
            .flatMap(p -> p.info().totalCpuDuration())
            .ifPresent(d -> seconds.put(name, d.toNanos() / 1e9)));
    return seconds;
  }

  private static long status(long pid, String key) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
      if (line.startsWith(key)) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    return 0;
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    return values.length % 2 == 1
        ? values[values.length / 2]
        : (values[values.length / 2 - 1] + values[values.length / 2]) / 2;
  }

  private static String number(double value) {
    return String.format(java.util.Locale.ROOT, Math.abs(value) < 10 ? "%.2f" : "%.0f", value);
  }
}
