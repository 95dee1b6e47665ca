package ringfence.node.compute.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.Optional;

/// Memory for weights that are laid out anew. Each token reads it from end to end, which goes a
/// third faster in pages of 2 MiB than of 4 KiB: so on Linux it is mapped in large pieces, for
/// which the kernel is asked for such pages. Elsewhere, and where that fails, it is memory as any.
///
/// Not for several threads.
final class WeightMemory implements SegmentAllocator, AutoCloseable {
  private static final long PIECE = 64L << 20;
  private static final long LARGE_PAGE = 2L << 20;

  private final Arena arena = Arena.ofShared();
  private final Optional<Mapping> mapping = Mapping.find();
  private MemorySegment piece = MemorySegment.NULL;
  private long used;

  @Override
  public MemorySegment allocate(long bytes, long alignment) {
    long at = (used + alignment - 1) & -alignment;
    if (bytes > piece.byteSize() - at) {
      long size = Math.max(PIECE, bytes + LARGE_PAGE - 1 & -LARGE_PAGE);
      Optional<MemorySegment> mapped = mapping.flatMap(map -> map.map(size, arena));
      if (mapped.isEmpty()) {
        return arena.allocate(bytes, alignment);
      }
      piece = mapped.get();
      at = 0;
    }
    used = at + bytes;
    return piece.asSlice(at, bytes);
  }

  @Override
  public void close() {
    arena.close();
  }

  /// The calls of Linux that this takes; its constants are the same on x86-64 and arm64.
  private record Mapping(MethodHandle mmap, MethodHandle munmap, MethodHandle madvise) {
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final int MADV_HUGEPAGE = 14;
    private static final long MAP_FAILED = -1;

    @SuppressWarnings("restricted") // the standard C library's own functions, as it declares them
    static Optional<Mapping> find() {
      if (!System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("linux")) {
        return Optional.empty();
      }
      Linker linker = Linker.nativeLinker();
      ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
      ValueLayout.OfInt number = ValueLayout.JAVA_INT;
      return linker
          .defaultLookup()
          .find("mmap")
          .flatMap(mmap ->
              linker
                  .defaultLookup()
                  .find("munmap")
                  .flatMap(munmap ->
                      linker
                          .defaultLookup()
                          .find("madvise")
                          .map(madvise ->
                              new Mapping(
                                  linker.downcallHandle(
                                      mmap,
                                      FunctionDescriptor.of(
                                          word, word, word, number, number, number, word)),
                                  linker.downcallHandle(
                                      munmap, FunctionDescriptor.of(number, word, word)),
                                  linker.downcallHandle(
                                      madvise,
                                      FunctionDescriptor.of(number, word, word, number))))));
    }

    /// Zeros that take no memory until they are written to, in large pages if the kernel has some.
    ///
    /// @param size a multiple of a large page
    @SuppressWarnings("restricted") // the mapping is as large as said and lives as long
    Optional<MemorySegment> map(long size, Arena arena) {
      long mapped = size + LARGE_PAGE;
      long address;
      try {
        address =
            (long) mmap.invokeExact(0L, mapped, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
      } catch (Throwable e) {
        throw new IllegalStateException("mmap can't be called", e);
      }
      if (address == MAP_FAILED) {
        return Optional.empty();
      }
      long aligned = address + LARGE_PAGE - 1 & -LARGE_PAGE;
      try {
        // It may refuse; the pages are small then.
        int _ = (int) madvise.invokeExact(aligned, size, MADV_HUGEPAGE);
      } catch (Throwable e) {
        throw new IllegalStateException("madvise can't be called", e);
      }
      return Optional.of(
          MemorySegment.ofAddress(aligned)
              .reinterpret(size, arena, gone -> unmap(address, mapped)));
    }

    private void unmap(long address, long size) {
      try {
        int _ = (int) munmap.invokeExact(address, size);
      } catch (Throwable e) {
        throw new IllegalStateException("munmap can't be called", e);
      }
    }
  }
}
