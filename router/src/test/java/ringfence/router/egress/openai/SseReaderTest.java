package ringfence.router.egress.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Events from bytes that come in any pieces.
class SseReaderTest {
  private static final String STREAM =
      ": a comment\n\ndata: one\n\nevent: x\r\ndata:two\r\ndata: more é\r\n\r\nid: 7\n\ndata: \n\ndata: cut";

  @Test
  void piecesMakeNoDifference() throws IOException {
    byte[] bytes = STREAM.getBytes(StandardCharsets.UTF_8);
    for (int size = 1; size <= bytes.length; size++) {
      SseReader reader = new SseReader();
      List<String> events = new ArrayList<>();
      for (int from = 0; from < bytes.length; from += size) {
        events.addAll(
            reader.take(ByteBuffer.wrap(bytes, from, Math.min(size, bytes.length - from))));
      }
      assertThat(events).as("pieces of " + size).containsExactly("one", "two\nmore é", "");
    }
  }

  @Test
  void anEventWithoutEndIsRefused() {
    SseReader reader = new SseReader();
    assertThatIOException()
        .isThrownBy(() -> {
          for (int i = 0; i < 1 << 10; i++) {
            reader.take(
                ByteBuffer.wrap(
                    ("data: " + "x".repeat(1 << 10) + "\n").getBytes(StandardCharsets.UTF_8)));
          }
          for (int i = 0; i < 1 << 10; i++) {
            reader.take(ByteBuffer.wrap(new byte[2 << 10]));
          }
        });
  }
}
