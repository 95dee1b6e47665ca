package ringfence.node.catalogue;

import java.nio.file.Path;

/// The real models that tests use, by name; fetched into the user's cache the first time.
public enum TestModel {
  /// Every test run has this one.
  SMOLLM2("smollm2-135m-instruct"),
  /// Tests tagged `large` only.
  QWEN_CODER("qwen2.5-coder-0.5b-instruct"),
  /// Tests tagged `large` only.
  GEMMA("gemma-3-270m");

  private final String name;

  TestModel(String name) {
    this.name = name;
  }

  /// The model's file. Fetches it when it is not in the cache: a test that needs a model never
  /// passes without one.
  public synchronized Path file() {
    CatalogueEntry entry = Catalogue.load().find(name).orElseThrow();
    try {
      return new Puller(ModelCache.ofUser())
          .pull(
              entry,
              new PullProgress() {
                @Override
                public void source(CatalogueEntry.Source source) {
                  System.err.println("Fetching " + name + " from " + source.describe());
                }

                @Override
                public void bytes(long have, long total) {}

                @Override
                public void failed(CatalogueEntry.Source source, String why) {
                  System.err.println("  that source failed: " + why);
                }
              });
    } catch (PullException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }
}
