package ringfence.gateway;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import ringfence.proto.v1.CallerRequest;
import ringfence.proto.v1.CallerView;
import ringfence.proto.v1.CreateKeyRequest;
import ringfence.proto.v1.CreatedKey;
import ringfence.proto.v1.FleetView;
import ringfence.proto.v1.InspectTextRequest;
import ringfence.proto.v1.Inspection;
import ringfence.proto.v1.NodeState;
import ringfence.proto.v1.OverviewGrpc;
import ringfence.proto.v1.WatchFleetRequest;
import ringfence.proto.v1.WatchedNode;
import ringfence.proto.v1.Zone;

/// The overview of a [FakeRouter]: echoes what it is asked, and sends views without end.
public final class FakeOverview extends OverviewGrpc.OverviewImplBase {
  private final BlockingQueue<Object> asked = new LinkedBlockingQueue<>();
  private final Set<WatchFleetRequest> watching = ConcurrentHashMap.newKeySet();
  private final AtomicInteger viewsSent = new AtomicInteger();

  /// What was asked, in order.
  public BlockingQueue<Object> asked() {
    return asked;
  }

  /// Streams that are open.
  public int watching() {
    return watching.size();
  }

  /// Views of all streams that were accepted for sending.
  public int viewsSent() {
    return viewsSent.get();
  }

  @Override
  public void whoAmI(CallerRequest request, StreamObserver<CallerView> response) {
    asked.add(request);
    if (request.getCredentials().getApiKey().toStringUtf8().equals("wrong")) {
      response.onError(Status.UNAUTHENTICATED.asException());
      return;
    }
    response.onNext(
        CallerView.newBuilder()
            .setKeyId(request.getCredentials().getApiKey().toStringUtf8())
            .setFarthestZone(request.getLabel().getFarthestZone())
            .build());
    response.onCompleted();
  }

  @Override
  public void inspectText(InspectTextRequest request, StreamObserver<Inspection> response) {
    asked.add(request);
    response.onNext(
        Inspection.newBuilder().setFarthestZone(Zone.ZONE_SITE).setComplete(true).build());
    response.onCompleted();
  }

  @Override
  public void createKey(CreateKeyRequest request, StreamObserver<CreatedKey> response) {
    asked.add(request);
    response.onNext(CreatedKey.newBuilder().setKey("rf-new").build());
    response.onCompleted();
  }

  @Override
  public void watchFleet(WatchFleetRequest request, StreamObserver<FleetView> response) {
    asked.add(request);
    watching.add(request);
    var call = (ServerCallStreamObserver<FleetView>) response;
    call.setOnCancelHandler(() -> watching.remove(request));
    FleetView view =
        FleetView.newBuilder()
            .setTimeMillis(5)
            .addNodes(
                WatchedNode.newBuilder()
                    .setNode("n".repeat(20_000))
                    .setState(NodeState.NODE_STATE_DRAINING))
            .build();
    call.setOnReadyHandler(() -> {
      while (call.isReady() && !call.isCancelled()) {
        viewsSent.incrementAndGet();
        call.onNext(view);
      }
    });
  }
}
