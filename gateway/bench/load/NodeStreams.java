import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Nodes without gateway and router: each is asked in turn, over one connection, as a router asks it.
final class NodeStreams implements Client {
  private final Loop loop;
  private final NodeRequest request;
  private final List<InetSocketAddress> addresses = new ArrayList<>();
  private final NodeConnection[] connections;
  private int next;

  /// @param nodes `HOST:PORT`, with commas between
  NodeStreams(Loop loop, String nodes, NodeRequest request) {
    this.loop = loop;
    this.request = request;
    for (String node : nodes.split(",")) {
      int colon = node.lastIndexOf(':');
      addresses.add(new InetSocketAddress(node.substring(0, colon), Integer.parseInt(node.substring(colon + 1))));
    }
    connections = new NodeConnection[addresses.size()];
  }

  @Override
  public void ask(Call call) {
    int node = next;
    next = (next + 1) % connections.length;
    NodeConnection connection = connections[node];
    if (connection == null || connection.isClosed()) {
      try {
        connection = new NodeConnection(loop, addresses.get(node), request);
      } catch (IOException refused) {
        call.ended(false);
        return;
      }
      connections[node] = connection;
    }
    connection.ask(call);
  }

  @Override
  public void close() {
    Arrays.stream(connections).filter(connection -> connection != null).forEach(NodeConnection::close);
  }
}
