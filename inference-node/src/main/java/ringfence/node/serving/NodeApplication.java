package ringfence.node.serving;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import jakarta.inject.Inject;
import org.jboss.logging.Logger;

/// What `serve` runs: starts the node and waits for SIGTERM.
public final class NodeApplication implements QuarkusApplication {
  private static final Logger LOG = Logger.getLogger(NodeApplication.class);

  private final Node node;

  @Inject
  NodeApplication(Node node) {
    this.node = node;
  }

  @Override
  public int run(String... arguments) {
    try {
      node.start();
    } catch (NodeStartException e) {
      LOG.errorf("can't start: %s", e.getMessage());
      return 1;
    }
    Quarkus.waitForExit();
    return 0;
  }
}
