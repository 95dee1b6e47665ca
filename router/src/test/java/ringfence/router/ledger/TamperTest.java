package ringfence.router.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import ringfence.proto.v1.LedgerRecord;
import ringfence.router.disk.Frames;
import ringfence.router.disk.MemoryDisk;
import ringfence.router.ledger.ChainReader.Kind;
import ringfence.router.ledger.ChainReader.Problem;

/// Whatever is done to a ledger behind its back is named, also by somebody who knows the format and
/// makes the checksums fit.
class TamperTest {
  static PublicKey key(MemoryDisk disk) throws IOException {
    return LedgerKeys.publicKey(
        new String(disk.content(LedgerKeys.PUBLIC_KEY), StandardCharsets.US_ASCII), "sign.pub");
  }

  static List<Problem> problems(MemoryDisk disk) throws IOException {
    return ChainReader.check(disk, key(disk)).problems();
  }

  private static final java.util.Map<Integer, MemoryDisk> LEDGERS = new java.util.HashMap<>();

  /// A ledger of so many requests, closed; each time a copy of the same one.
  private static MemoryDisk ledger(int requests) throws IOException {
    MemoryDisk made = LEDGERS.get(requests);
    if (made == null) {
      made = make(requests);
      LEDGERS.put(requests, made);
    }
    return made.copy();
  }

  private static MemoryDisk make(int requests) throws IOException {
    MemoryDisk disk = new MemoryDisk();
    Journal journal = new Journal(disk).filled(requests);
    journal.ledger.close();
    return disk;
  }

  private static List<String> segments(MemoryDisk disk) {
    return Ledger.SEGMENTS.among(disk.names());
  }

  /// Rewrites the records of a segment, each in a frame whose checksum fits.
  private static void rewrite(
      MemoryDisk disk, String segment, UnaryOperator<List<ByteString>> change) throws IOException {
    List<ByteString> records = new ArrayList<>();
    for (Frames.Piece piece : Ledger.FRAMES.pieces(disk.content(segment))) {
      piece.records().forEach(stored -> records.add(stored.bytes()));
    }
    var out = ByteString.newOutput();
    boolean first = true;
    for (ByteString stored : change.apply(records)) {
      out.write(Ledger.FRAMES.frame(List.of(stored), first).array());
      first = false;
    }
    disk.tamper(segment, out.toByteString().toByteArray());
  }

  private static ByteString toAnotherTarget(ByteString stored) {
    try {
      LedgerRecord.Builder record = LedgerRecord.parseFrom(stored).toBuilder();
      record.getDepartureBuilder().setTarget("somewhere else");
      return record.build().toByteString();
    } catch (IOException impossible) {
      throw new AssertionError(impossible);
    }
  }

  @Test
  void anUntouchedLedgerHasNoProblem() throws Exception {
    assertThat(problems(ledger(0))).isEmpty();
    assertThat(problems(ledger(1))).isEmpty();
    assertThat(problems(ledger(60))).isEmpty();
  }

  @Property(tries = 15)
  void aChangedRecordIsNamed(@ForAll @IntRange(min = 1, max = 30) int victim) throws Exception {
    MemoryDisk disk = ledger(30);
    for (String segment : segments(disk)) {
      rewrite(
          disk,
          segment,
          records ->
              records.stream()
                  .map(stored -> sequence(stored) == victim ? toAnotherTarget(stored) : stored)
                  .toList());
    }
    assertThat(problems(disk))
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.kind()).isEqualTo(Kind.CHANGED);
          assertThat(problem.sequence()).isEqualTo(victim);
          assertThat(problem.text()).contains("record " + victim + " ");
        });
    assertThatThrownBy(() -> new Journal(disk))
        .isInstanceOf(LedgerDamagedException.class)
        .hasMessageContaining("record " + victim + " ");
  }

  private static long sequence(ByteString stored) {
    try {
      return LedgerRecord.parseFrom(stored).getSequence();
    } catch (IOException impossible) {
      throw new AssertionError(impossible);
    }
  }

  @Property(tries = 15)
  void aDroppedRecordIsNamed(@ForAll @IntRange(min = 1, max = 30) int victim) throws Exception {
    MemoryDisk disk = ledger(30);
    for (String segment : segments(disk)) {
      rewrite(
          disk,
          segment,
          records -> records.stream().filter(stored -> sequence(stored) != victim).toList());
    }
    assertThat(problems(disk))
        .anySatisfy(problem -> {
          assertThat(problem.kind()).isEqualTo(victim == 30 ? Kind.TRUNCATED : Kind.DROPPED);
          assertThat(problem.sequence()).isEqualTo(victim);
        });
    assertThatThrownBy(() -> new Journal(disk)).isInstanceOf(LedgerDamagedException.class);
  }

  @Test
  void aReorderedRecordIsNamed() throws Exception {
    MemoryDisk disk = ledger(4);
    rewrite(
        disk,
        segments(disk).getFirst(),
        records -> List.of(records.get(0), records.get(2), records.get(1), records.get(3)));
    assertThat(problems(disk))
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.kind()).isEqualTo(Kind.REORDERED);
          assertThat(problem.sequence()).isEqualTo(2);
        });
  }

  @Test
  void aRepeatedRecordIsNamed() throws Exception {
    MemoryDisk disk = ledger(3);
    rewrite(
        disk,
        segments(disk).getFirst(),
        records -> List.of(records.get(0), records.get(1), records.get(1), records.get(2)));
    assertThat(problems(disk))
        .singleElement()
        .satisfies(problem -> assertThat(problem.kind()).isEqualTo(Kind.REORDERED));
  }

  @Test
  void aCutOffEndIsNamedBecauseTheHeadIsSigned() throws Exception {
    MemoryDisk disk = ledger(30);
    rewrite(disk, segments(disk).getLast(), List::reversed);
    MemoryDisk cut = ledger(30);
    rewrite(cut, segments(cut).getLast(), records -> records.subList(0, records.size() - 1));
    assertThat(problems(cut))
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.kind()).isEqualTo(Kind.TRUNCATED);
          assertThat(problem.text()).contains("record 30 missing at the end");
        });
    MemoryDisk torn = ledger(30);
    byte[] whole = torn.content(segments(torn).getLast());
    torn.tamper(segments(torn).getLast(), java.util.Arrays.copyOf(whole, whole.length - 5));
    assertThat(problems(torn)).anyMatch(problem -> problem.kind() == Kind.TRUNCATED);
    assertThat(problems(disk)).anyMatch(problem -> problem.kind() == Kind.REORDERED);
  }

  @Test
  void aWholeSegmentThatIsGoneIsNamed() throws Exception {
    MemoryDisk disk = ledger(60);
    List<String> segments = segments(disk);
    assertThat(segments).hasSizeGreaterThan(3);
    MemoryDisk middle = disk.copy();
    middle.delete(segments.get(1));
    assertThat(problems(middle)).anyMatch(problem -> problem.kind() == Kind.DROPPED);
    MemoryDisk oldest = disk.copy();
    oldest.delete(segments.getFirst());
    assertThat(problems(oldest))
        .singleElement()
        .satisfies(problem -> assertThat(problem.text()).contains("records 1 to"));
    MemoryDisk newest = disk.copy();
    newest.delete(segments.getLast());
    assertThat(problems(newest)).anyMatch(problem -> problem.kind() == Kind.TRUNCATED);
  }

  @Test
  void aForgedHeadIsNamed() throws Exception {
    MemoryDisk disk = ledger(5);
    MemoryDisk another = make(5);
    disk.tamper(ChainReader.HEAD, another.content(ChainReader.HEAD));
    assertThat(problems(disk)).singleElement().matches(problem -> problem.kind() == Kind.HEAD);
    MemoryDisk without = ledger(5);
    without.delete(ChainReader.HEAD);
    assertThat(problems(without)).singleElement().matches(problem -> problem.kind() == Kind.HEAD);
    assertThatThrownBy(() -> new Journal(without)).hasMessageContaining("head is missing");
  }

  @Test
  void anotherLedgersRecordsAreNotThisOnes() throws Exception {
    MemoryDisk disk = ledger(5);
    MemoryDisk another = make(5);
    String segment = segments(disk).getFirst();
    disk.tamper(segment, another.content(segment));
    assertThat(problems(disk)).anyMatch(problem -> problem.kind() == Kind.CHANGED);
  }

  /// Any bit of any segment and of the head.
  @Property(tries = 60)
  void noFlippedBitGoesUnnoticed(@ForAll long seed) throws Exception {
    Random random = new Random(seed);
    MemoryDisk disk = ledger(12);
    List<String> names = new ArrayList<>(segments(disk));
    names.add(ChainReader.HEAD);
    String name = names.get(random.nextInt(names.size()));
    byte[] content = disk.content(name);
    content[random.nextInt(content.length)] ^= (byte) (1 << random.nextInt(8));
    disk.tamper(name, content);
    assertThat(problems(disk)).isNotEmpty();
  }
}
