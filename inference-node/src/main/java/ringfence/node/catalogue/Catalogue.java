package ringfence.node.catalogue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import ringfence.node.catalogue.CatalogueEntry.Source;
import ringfence.node.catalogue.CatalogueEntry.Url;
import ringfence.node.catalogue.CatalogueEntry.Wheel;
import ringfence.node.catalogue.CatalogueEntry.Wheels;

/// The models known by name: `ringfence/catalogue.json` inside the jar.
public final class Catalogue {
  private static final String RESOURCE = "/ringfence/catalogue.json";

  private final List<CatalogueEntry> entries;

  public Catalogue(List<CatalogueEntry> entries) {
    this.entries = List.copyOf(entries);
  }

  /// The catalogue that ships with the node.
  public static Catalogue load() {
    try (InputStream json = Catalogue.class.getResourceAsStream(RESOURCE)) {
      if (json == null) {
        throw new IllegalStateException(RESOURCE + " is missing from the jar");
      }
      return read(json);
    } catch (IOException e) {
      throw new UncheckedIOException(RESOURCE + " can't be read", e);
    }
  }

  static Catalogue read(InputStream json) throws IOException {
    List<CatalogueEntry> entries = new ArrayList<>();
    for (JsonNode model : new ObjectMapper().readTree(json).required("models")) {
      List<Source> sources = new ArrayList<>();
      for (JsonNode source : model.required("sources")) {
        sources.add(source(source));
      }
      entries.add(
          new CatalogueEntry(
              model.required("name").asText(),
              model.required("description").asText(),
              model.required("licence").asText(),
              model.required("file").asText(),
              model.required("bytes").asLong(),
              model.required("sha256").asText(),
              sources));
    }
    return new Catalogue(entries);
  }

  private static Source source(JsonNode source) {
    if (source.has("url")) {
      return new Url(source.required("url").asText());
    }
    List<Wheel> wheels = new ArrayList<>();
    for (JsonNode wheel : source.required("wheels")) {
      wheels.add(
          new Wheel(
              wheel.required("package").asText(),
              wheel.required("version").asText(),
              wheel.required("member").asText()));
    }
    return new Wheels(wheels);
  }

  /// All models, in the catalogue's order.
  public List<CatalogueEntry> entries() {
    return entries;
  }

  /// The model of that name, whatever its case.
  public Optional<CatalogueEntry> find(String name) {
    return entries.stream().filter(e -> e.name().equalsIgnoreCase(name)).findFirst();
  }
}
