package ringfence.router.ledger;

import com.google.protobuf.ByteString;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import ringfence.proto.v1.Departure;
import ringfence.proto.v1.Zone;
import ringfence.router.disk.FolderDisk;

/// How long an attempt waits for its record on a real disk, with so many waiting at one time:
/// `CommitBenchmark FOLDER`. A line of the table in `router/bench/README.md` for each number.
public final class CommitBenchmark {
  private static final int RECORDS_EACH = 200;
  private static final ByteString PROMPT = ByteString.copyFrom(new byte[2_048]);

  private CommitBenchmark() {}

  public static void main(String... arguments) throws Exception {
    for (int waiting : new int[] {1, 64, 256}) {
      Path folder = Files.createTempDirectory(Path.of(arguments[0]), "ledger");
      run(folder, waiting, RECORDS_EACH / 4);
      long began = System.nanoTime();
      long[] nanos = run(folder.resolve("measured"), waiting, RECORDS_EACH);
      double seconds = (System.nanoTime() - began) / 1e9;
      Arrays.sort(nanos);
      System.out.printf(
          "| %d | %.2f ms | %.2f ms | %.0f |%n",
          waiting,
          nanos[nanos.length / 2] / 1e6,
          nanos[nanos.length * 99 / 100] / 1e6,
          nanos.length / seconds);
    }
  }

  private static long[] run(Path folder, int waiting, int each) throws Exception {
    ExecutorService committer = Executors.newSingleThreadExecutor();
    long[] nanos = new long[waiting * each];
    AtomicInteger next = new AtomicInteger();
    try (Ledger ledger =
        Ledger.open(
            FolderDisk.open(folder),
            LedgerSettings.STANDARD,
            InstantSource.system(),
            System::nanoTime,
            committer,
            new Silent())) {
      Semaphore room = new Semaphore(waiting);
      for (int i = 0; i < nanos.length; i++) {
        room.acquire();
        long asked = System.nanoTime();
        var _ =
            ledger
                .append(
                    Departure.newBuilder()
                        .setRequestId("request-" + i)
                        .setAttempt(1)
                        .setTarget("far")
                        .setZone(Zone.ZONE_EXTERNAL),
                    PROMPT)
                .thenRun(() -> {
                  nanos[next.getAndIncrement()] = System.nanoTime() - asked;
                  room.release();
                });
      }
      room.acquire(waiting);
      committer.shutdown();
      if (!committer.awaitTermination(10, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the committer does not end");
      }
    }
    return nanos;
  }

  private static final class Silent implements LedgerObserver {
    @Override
    public void committed(int records, long nanos) {}

    @Override
    public void commitFailed(String why) {
      throw new IllegalStateException(why);
    }

    @Override
    public void tailCutOff(String segment, long bytes) {}

    @Override
    public void dropped(long throughSequence) {}
  }
}
