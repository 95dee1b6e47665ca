package ringfence.router.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/// One folder of files, as far as ledger and outbox need it: small enough that a test can cut its
/// power at each call. One thread writes; any may read.
public interface Disk extends AutoCloseable {

  /// The names of all files, in no order.
  List<String> names() throws IOException;

  /// A file's bytes.
  long size(String name) throws IOException;

  /// `length` bytes from `offset`; fewer where the file ends earlier.
  byte[] read(String name, long offset, int length) throws IOException;

  /// Makes an empty file whose name is durable when this returns.
  void create(String name) throws IOException;

  /// Writes at `offset`. Until [#force] any part of it may be lost, and any part may stay.
  void write(String name, long offset, ByteBuffer bytes) throws IOException;

  /// Makes what was written to the file durable. After a failure it is unknown what of it is.
  void force(String name) throws IOException;

  /// Cuts a file off, durably.
  void truncate(String name, long size) throws IOException;

  /// Puts a whole file in the place of another or of none: durable when this returns, and at no
  /// moment half.
  void replace(String name, byte[] content) throws IOException;

  /// Removes a file, at some time durably.
  void delete(String name) throws IOException;

  @Override
  void close() throws IOException;
}
