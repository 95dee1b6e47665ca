package ringfence.node.catalogue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// A model on this machine.
///
/// @param name what clients call it: the catalogue's name, else the file's name without its ending
public record ModelFile(String name, Path file) {

  /// Finds a model that was fetched by name, or a file by its path.
  ///
  /// @throws IllegalArgumentException when there is neither, saying what to do
  public static ModelFile find(String nameOrPath, Catalogue catalogue, ModelCache cache) {
    var entry = catalogue.find(nameOrPath);
    if (entry.isPresent()) {
      if (!cache.holds(entry.get())) {
        throw new IllegalArgumentException(
            "model "
                + entry.get().name()
                + " has not been fetched yet: run 'deploy/local/node pull "
                + entry.get().name()
                + "'");
      }
      return new ModelFile(entry.get().name(), cache.file(entry.get()));
    }
    Path path = Path.of(nameOrPath);
    if (!Files.isRegularFile(path)) {
      List<String> known = catalogue.entries().stream().map(CatalogueEntry::name).toList();
      throw new IllegalArgumentException(
          "'"
              + nameOrPath
              + "' is neither a file nor one of the models known by name: "
              + String.join(", ", known));
    }
    for (CatalogueEntry known : catalogue.entries()) {
      if (path.toAbsolutePath()
          .normalize()
          .equals(cache.file(known).toAbsolutePath().normalize())) {
        return new ModelFile(known.name(), path);
      }
    }
    return new ModelFile(path.getFileName().toString().replaceFirst("(?i)\\.gguf$", ""), path);
  }

  /// As above, with the user's cache and the catalogue that ships with the node.
  public static ModelFile find(String nameOrPath) {
    return find(nameOrPath, Catalogue.load(), ModelCache.ofUser());
  }
}
