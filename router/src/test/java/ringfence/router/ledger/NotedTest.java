package ringfence.router.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringfence.router.disk.MemoryDisk;
import ringfence.router.ledger.ChainReader.Contents;
import ringfence.router.ledger.ChainReader.Kind;
import ringfence.router.ledger.ChainReader.Problem;

/// A ledger that is whole in itself is held against what somebody has noted of it.
class NotedTest {
  private final MemoryDisk disk = new MemoryDisk();
  private Contents contents;

  @BeforeEach
  void fill() throws IOException {
    new Journal(disk).filled(20).ledger.close();
    contents = ChainReader.check(disk, TamperTest.key(disk));
    assertThat(contents.problems()).isEmpty();
  }

  private List<Problem> problems(String noted) throws IOException {
    return ChainReader.check(disk, TamperTest.key(disk), Noted.parse(noted)).problems();
  }

  private static String hex(ByteString hash) {
    return HexFormat.of().formatHex(hash.toByteArray());
  }

  @Test
  void whatItStillHasIsNoProblem() throws IOException {
    assertThat(problems(contents.last() + ":" + hex(contents.lastHash()))).isEmpty();
    assertThat(ChainReader.check(disk, TamperTest.key(disk), null)).isEqualTo(contents);
  }

  @Test
  void anotherRecordInItsPlaceIsNamed() throws IOException {
    assertThat(problems((contents.last() - 1) + ":" + hex(contents.lastHash())))
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.kind()).isEqualTo(Kind.CHANGED);
          assertThat(problem.sequence()).isEqualTo(contents.last() - 1);
        });
  }

  @Test
  void aRecordThatWasCutOffWithItsHeadIsNamed() throws IOException {
    assertThat(problems((contents.last() + 1) + ":" + hex(contents.lastHash())))
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.kind()).isEqualTo(Kind.TRUNCATED);
          assertThat(problem.text()).contains("it was noted");
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "7", "7:", "7:00", "x:00", "0:" + ZEROS, "-1:" + ZEROS, ":" + ZEROS})
  void whatIsNoNoteIsRefusedWithItsText(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Noted.parse(text))
        .withMessageContaining("'" + text + "'");
  }

  private static final String ZEROS =
      "0000000000000000000000000000000000000000000000000000000000000000";
}
