package ringfence.node.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringfence.node.compute.Profiler.Phase;

class ProfileTest {
  @TempDir private Path folder;

  private static List<Phase> pass(double factor) {
    return List.of(
        new Phase("qkv", 0, 1000 * factor, 2000),
        new Phase("head \"x\"", 2000 * factor, 2000 * factor, 1000),
        new Phase("qkv", 4000 * factor, 1000 * factor, 2000));
  }

  private static Profile profile() {
    Profile profile = new Profile(4);
    profile.add("decode, 1 sequence", List.of(pass(9), pass(1), pass(0.5)));
    return profile;
  }

  @Test
  void aLinePerPhaseOfTheMedianPassWithItsShareOfTheRoofline() {
    assertThat(profile().tables().lines().filter(line -> line.startsWith("|")))
        .containsExactly(
            "| phase | times | us | share | MB | GB/s | of 4 GB/s |",
            "| --- | --- | --- | --- | --- | --- | --- |",
            "| qkv | 2 | 2.0 | 40.0 % | 0.00 | 2 | 50 % |",
            "| head \"x\" | 1 | 2.0 | 40.0 % | 0.00 | 1 | 13 % |",
            "| all, with what lies between | 3 | 5.0 | 100.0 % | 0.01 | 1 | 25 % |");
  }

  @Test
  void theTraceHasEachPhaseWhereItWas() throws IOException {
    Path file = folder.resolve("trace.json");
    profile().writeTrace(file);
    assertThat(Files.readString(file))
        .contains(
            "{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"args\":{\"name\":\"decode, 1"
                + " sequence\"}}")
        .contains(
            "{\"name\":\"head"
                + " \\\"x\\\"\",\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":2.000,\"dur\":2.000,\"args\":{\"bytes\":1000}}");
  }
}
