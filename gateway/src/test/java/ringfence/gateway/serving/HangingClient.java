package ringfence.gateway.serving;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/// Asks over a bare socket, reads as little as it likes, and goes.
final class HangingClient {
  private final Socket socket;

  HangingClient(URI base, String path, String body) {
    try {
      socket = new Socket(base.getHost(), base.getPort());
      socket.setSoTimeout(20_000);
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      send(
          ("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + bytes.length)
              + "\r\n\r\n");
      socket.getOutputStream().write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Sends a head that promises more than comes.
  static HangingClient withHalfABody(URI base, String path) {
    var client = new HangingClient(base, path, "");
    client.send(
        "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{\"mod");
    return client;
  }

  private void send(String text) {
    try {
      socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
      socket.getOutputStream().flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Reads until `text` has come; fails when the server ends first or 20 s pass.
  String readUntil(String text) {
    try {
      InputStream in = socket.getInputStream();
      var read = new StringBuilder();
      var buffer = new byte[4096];
      while (read.indexOf(text) < 0) {
        int count = in.read(buffer);
        if (count < 0) {
          throw new IllegalStateException("the server ended after: " + read);
        }
        read.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
      }
      return read.toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void hangUp() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
