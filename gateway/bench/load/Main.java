import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/// The load of `deploy/local/bench-router`, without any library: `java gateway/bench/load/Main.java COMMAND ...`.
///
/// - `upstream PORT TTFT_MS TPOT_MS`: an endpoint that only takes its time
/// - `load RATE SECONDS ROUNDS TTFT_MS TPOT_MS TOKENS PIDS TARGET...`: open-loop load on each target in turn, round by round, with the same
///   arrivals for all targets of a round. A target is `NAME URL MODEL KEY [BESIDE]` as [Target] says, pids are `NAME=PID,...` of processes
///   whose time is counted, or `-`
/// - `steady RATE MINUTES TTFT_MS TPOT_MS TOKENS PIDS TARGET`: open-loop load for so long, with the memory of the processes ten times
/// - `warm RATE MINUTES TTFT_MS TPOT_MS TOKENS PIDS TARGET...`: such load on each target in turn until the compilers of those processes rest, so
///   many minutes at most
/// - `requests COUNT CONCURRENCY TOKENS PIDS TARGET`: so many requests as fast as they go, with the memory of the processes; with
///   `-Dload.kept=N` the trace of each N-th is to be kept
final class Main {
  private static final int WARM_SECONDS = 4;
  private static final double RESTING = 0.02;

  private Main() {}

  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "upstream" ->
          new TimedUpstream(Timing.nanos(args[2]), Timing.nanos(args[3])).serve(Integer.parseInt(args[1]));
      case "load" -> load(args);
      case "requests" -> requests(args);
      case "steady" -> steady(args);
      case "warm" -> warm(args);
      default -> throw new IllegalArgumentException("unknown command " + args[0]);
    }
  }

  private static List<Target> targets(String[] args, int from) {
    return Arrays.stream(args).skip(from).map(Target::of).toList();
  }

  private static void load(String[] args) throws IOException {
    int rate = Integer.parseInt(args[1]);
    int seconds = Integer.parseInt(args[2]);
    int rounds = Integer.parseInt(args[3]);
    Timing timing = Timing.of(args, 4);
    Processes processes = Processes.of(args[7]);
    List<Target> targets = targets(args, 8);
    Map<String, List<Stage>> stages = new LinkedHashMap<>();
    for (int round = 0; round <= rounds; round++) {
      for (Target target : targets) {
        Stage stage = Stage.run(target, rate, round == 0 ? Math.min(seconds, WARM_SECONDS) : seconds, round, timing, processes);
        if (round > 0) {
          stages.computeIfAbsent(target.name(), name -> new ArrayList<>()).add(stage);
        }
        System.err.printf("round %d, %s: %s%n", round, target.name(), stage);
      }
    }
    printTable(stages);
    targets.stream().filter(target -> stages.containsKey(target.beside())).forEach(target -> printAdded(target, stages));
    stages.forEach((name, of) ->
        System.out.printf("%s: seconds of a core per second: %s; the driver began requests late by p99 %s ms%n",
            name, of.getLast().busy(), median(of, Stage::late99)));
  }

  private static void printTable(Map<String, List<Stage>> stages) {
    System.out.println("| through | added to the first token, p50 | p99 | added to the last token, p50 | p99 | answers | failed | open at most |");
    System.out.println("| --- | --- | --- | --- | --- | --- | --- | --- |");
    stages.forEach((name, of) ->
        System.out.printf(
            "| %s | %s ms | %s ms | %s ms | %s ms | %d | %d | %d |%n",
            name,
            median(of, Stage::first50),
            median(of, Stage::first99),
            median(of, Stage::last50),
            median(of, Stage::last99),
            of.stream().mapToInt(Stage::answers).sum(),
            of.stream().mapToInt(Stage::failed).sum(),
            of.stream().mapToInt(Stage::mostOpen).max().orElse(0)));
  }

  private static void printAdded(Target target, Map<String, List<Stage>> stages) {
    List<Stage> through = stages.get(target.name());
    List<Stage> alone = stages.get(target.beside());
    System.out.printf(
        "%s: gateway and router add %s ms to the first token and %s ms to the last of %s (p50s, median of the rounds' differences)%n",
        target.name(), difference(through, alone, Stage::first50), difference(through, alone, Stage::last50), target.beside());
  }

  private static String difference(List<Stage> through, List<Stage> alone, ToDoubleFunction<Stage> figure) {
    double[] rounds = new double[through.size()];
    Arrays.setAll(rounds, i -> figure.applyAsDouble(through.get(i)) - figure.applyAsDouble(alone.get(i)));
    return Processes.number(Statistics.median(rounds));
  }

  private static String median(List<Stage> rounds, ToDoubleFunction<Stage> figure) {
    return Processes.number(Statistics.median(rounds.stream().mapToDouble(figure).toArray()));
  }

  private static void steady(String[] args) throws Exception {
    int rate = Integer.parseInt(args[1]);
    int seconds = Math.max(1, Integer.parseInt(args[2]) * 6);
    Timing timing = Timing.of(args, 3);
    Processes processes = Processes.of(args[6]);
    Target target = Target.of(args[7]);
    System.out.println("| minutes | answers | failed | added to the first token, p50 | p99 | " + processes.memoryHeads() + " |");
    System.out.println("| --- | --- | --- | --- | --- |" + " --- | --- |".repeat(processes.pids().size()));
    int failed = 0;
    for (int part = 1; part <= 10; part++) {
      Stage stage = Stage.run(target, rate, seconds, part, timing, processes);
      failed += stage.failed();
      System.out.printf(
          "| %s | %d | %d | %s ms | %s ms |%s%n",
          Processes.number(part * seconds / 60.0), stage.answers(), stage.failed(), Processes.number(stage.first50()),
          Processes.number(stage.first99()), processes.memory());
    }
    if (failed > 0) {
      System.exit(1);
    }
  }

  /// In a code path that has just become hot compilers take more of two cores than the requests do, for minutes.
  private static void warm(String[] args) throws IOException {
    int rate = Integer.parseInt(args[1]);
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(Integer.parseInt(args[2]));
    Timing timing = Timing.of(args, 3);
    Processes processes = Processes.of(args[6]);
    List<Target> targets = targets(args, 7);
    double compiling = 1;
    int turns = 0;
    while (compiling > RESTING && System.nanoTime() < end) {
      double before = processes.compilerSeconds();
      long began = System.nanoTime();
      for (Target target : targets) {
        Stage.run(target, rate, WARM_SECONDS, turns, timing, processes);
      }
      compiling = (processes.compilerSeconds() - before) / ((System.nanoTime() - began) / 1e9);
      turns++;
    }
    System.out.printf("Warmed up in %d turns, in the last of which compilers took %s of a core.%n", turns, Processes.number(compiling));
  }

  private static void requests(String[] args) throws Exception {
    int count = Integer.parseInt(args[1]);
    int tokens = Integer.parseInt(args[3]);
    Processes processes = Processes.of(args[4]);
    System.out.println("| requests | requests/s | " + processes.memoryHeads() + " |");
    System.out.println("| --- | --- |" + " --- | --- |".repeat(processes.pids().size()));
    int tenth = Math.max(1, count / 10);
    try (Loop loop = new Loop();
        Client client = Target.of(args[5]).client(loop, tokens)) {
      AtOnce requests = new AtOnce(client, Integer.parseInt(args[2]), tokens, Integer.getInteger("load.kept", 0));
      for (int done = 0; done < count; done += tenth) {
        int now = Math.min(tenth, count - done);
        long began = System.nanoTime();
        requests.add(now);
        loop.run(requests);
        double seconds = (System.nanoTime() - began) / 1e9;
        System.out.println("| " + (done + now) + " | " + Math.round(now / seconds) + " |" + processes.memory());
      }
      System.out.println(requests.failed() + " failed");
      if (requests.failed() > 0) {
        System.exit(1);
      }
    }
  }
}
