package ringfence.node.compute.vulkan.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelSourceTest {
  @TempDir private Path folder;
  private final Set<Path> used = new HashSet<>();

  private String read(Map<String, String> macros) throws IOException {
    return KernelSource.read(folder, "a.comp", macros, used);
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  @Test
  void includesStandInTheirPlacesWithTheirLines() throws IOException {
    write("a.comp", "#version 460\n#include \"unpack_{FORMAT}.glsl\"\nvoid main() {}\n");
    write("unpack_q4_k.glsl", "int four;\n");
    assertThat(read(Map.of("FORMAT", "Q4_K")))
        .isEqualTo(
            """
            #version 460
            #extension GL_GOOGLE_cpp_style_line_directive : require
            #line 2 "a.comp"
            #line 1 "unpack_q4_k.glsl"
            int four;
            #line 3 "a.comp"
            void main() {}
            """);
    assertThat(used)
        .containsExactlyInAnyOrder(folder.resolve("a.comp"), folder.resolve("unpack_q4_k.glsl"));
  }

  @Test
  void whatIsMissingIsNamedWithItsPlace() throws IOException {
    write("a.comp", "#version 460\n#include \"b.glsl\"\n");
    assertThatThrownBy(() -> read(Map.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("a.comp:2")
        .hasMessageContaining("'b.glsl'");
    write("a.comp", "#version 460\n\n#include \"unpack_{FORMAT}.glsl\"\n");
    assertThatThrownBy(() -> read(Map.of()))
        .hasMessageContaining("a.comp:3")
        .hasMessageContaining("FORMAT");
  }

  @Test
  void circlesAndFilesOutsideAreRefused() throws IOException {
    write("a.comp", "#version 460\n#include \"b.glsl\"\n");
    write("b.glsl", "#include \"b.glsl\"\n");
    assertThatThrownBy(() -> read(Map.of())).hasMessageContaining("circle");
    Path outside = Files.writeString(folder.resolveSibling(folder.getFileName() + ".glsl"), "x");
    write("a.comp", "#version 460\n#include \"../" + outside.getFileName() + "\"\n");
    assertThatThrownBy(() -> read(Map.of())).isInstanceOf(IOException.class);
    Files.delete(outside);
  }
}
