package ringfence.node.catalogue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongConsumer;

/// One file over HTTP, going on where an earlier try stopped. A host that is silent for [#patience]
/// is given up.
final class HttpDownload {
  private static final int BUFFER = 1 << 18;

  private final Duration connect;
  private final Duration patience;

  HttpDownload(Duration connect, Duration patience) {
    this.connect = connect;
    this.patience = patience;
  }

  /// Appends to `part` until it has `total` bytes.
  ///
  /// @throws PullException when the host does not answer, refuses, stalls or has a file of another
  ///   size
  void fetch(String url, Path part, long total, LongConsumer progress) throws PullException {
    // The readers are daemons: one that hangs in a dead connection must not keep the process.
    ExecutorService readers =
        Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("download-", 0).factory());
    try (HttpClient client =
        HttpClient.newBuilder()
            .connectTimeout(connect)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .executor(readers)
            .build()) {
      try {
        long have = Files.exists(part) ? Files.size(part) : 0;
        if (have > total) {
          Files.delete(part);
          have = 0;
        }
        if (have < total) {
          fetchFrom(client, readers, url, part, have, total, progress);
        }
      } finally {
        client.shutdownNow();
      }
    } catch (IOException e) {
      throw new PullException(String.valueOf(e.getMessage()), e);
    } finally {
      readers.shutdownNow();
    }
  }

  private void fetchFrom(
      HttpClient client,
      ExecutorService readers,
      String url,
      Path part,
      long have,
      long total,
      LongConsumer progress)
      throws PullException, IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url)).timeout(connect.plus(patience));
    if (have > 0) {
      request.header("Range", "bytes=" + have + "-");
    }
    HttpResponse<InputStream> response =
        await(
            client.sendAsync(request.build(), HttpResponse.BodyHandlers.ofInputStream()),
            connect.plus(patience));
    try (InputStream body = response.body()) {
      boolean resumed = response.statusCode() == 206;
      if (!resumed && response.statusCode() != 200) {
        throw new PullException("HTTP status " + response.statusCode());
      }
      long from = resumed ? have : 0;
      long announced = response.headers().firstValueAsLong("Content-Length").orElse(total - from);
      if (from + announced != total) {
        throw new PullException("it has a file of " + (from + announced) + " bytes, not " + total);
      }
      StandardOpenOption mode =
          resumed ? StandardOpenOption.APPEND : StandardOpenOption.TRUNCATE_EXISTING;
      try (OutputStream out =
          Files.newOutputStream(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE, mode)) {
        byte[] buffer = new byte[BUFFER];
        long at = from;
        while (at < total) {
          Future<Integer> read = readers.submit(() -> body.read(buffer));
          int n = await(read, patience);
          if (n < 0) {
            throw new PullException("the connection ended after " + at + " of " + total + " bytes");
          }
          out.write(buffer, 0, n);
          at += n;
          progress.accept(at);
        }
      }
    }
  }

  private static <T> T await(Future<T> future, Duration limit) throws PullException {
    try {
      return future.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      future.cancel(true);
      throw new PullException("no answer within " + limit.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof HttpTimeoutException) {
        throw new PullException("no answer within " + limit.toSeconds() + " s", e);
      }
      Throwable cause = e.getCause() == null ? e : e.getCause();
      String why = cause.getMessage() == null ? "can't connect" : cause.getMessage();
      throw new PullException(why, cause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PullException("interrupted", e);
    }
  }

  private static <T> T await(CompletableFuture<T> future, Duration limit) throws PullException {
    return await((Future<T>) future, limit);
  }
}
