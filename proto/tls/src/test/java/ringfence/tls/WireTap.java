package ringfence.tls;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/// Stands between a client and a server and keeps every byte that passes, both ways.
final class WireTap implements AutoCloseable {
  private final ServerSocket listening;
  private final ByteArrayOutputStream seen = new ByteArrayOutputStream();
  private final int server;

  WireTap(int server) throws IOException {
    this.server = server;
    listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return listening.getLocalPort();
  }

  /// One character for each byte.
  synchronized String seen() {
    return seen.toString(StandardCharsets.ISO_8859_1);
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listening.accept();
        Socket onward = new Socket(InetAddress.getLoopbackAddress(), server);
        Thread.ofVirtual().start(() -> pass(client, onward));
        Thread.ofVirtual().start(() -> pass(onward, client));
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }

  private void pass(Socket from, Socket to) {
    try (from;
        to;
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream()) {
      byte[] bytes = new byte[8192];
      for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
        synchronized (this) {
          seen.write(bytes, 0, n);
        }
        out.write(bytes, 0, n);
        out.flush();
      }
    } catch (IOException closed) {
      // Either end has gone.
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }
}
