package ringfence.node.compute;

import ringfence.node.model.Model;

/// What makes the backend under test.
@FunctionalInterface
public interface BackendOpener {
  Backend open(Model model, BackendOptions options);
}
