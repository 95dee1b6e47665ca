package ringfence.node.catalogue;

/// Hears how a pull goes on.
public interface PullProgress {

  /// A source is tried.
  void source(CatalogueEntry.Source source);

  /// So much of the file is here.
  void bytes(long have, long total);

  /// A source failed; the next one, if any, is tried.
  void failed(CatalogueEntry.Source source, String why);
}
