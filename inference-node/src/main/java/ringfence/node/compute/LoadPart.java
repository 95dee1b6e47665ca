package ringfence.node.compute;

/// A part of the time that a backend took to be ready. Parts may run at the same time.
///
/// @param name for people
/// @param seconds it took; of work on several threads, all of theirs together
/// @param detail sizes and counts, for people; may be empty
public record LoadPart(String name, double seconds, String detail) {}
