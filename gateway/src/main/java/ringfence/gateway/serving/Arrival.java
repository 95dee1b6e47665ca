package ringfence.gateway.serving;

import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.access.Caller;
import ringfence.gateway.openai.ApiError;
import ringfence.gateway.openai.Zones;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.Zone;

/// Who sent a request, when, under what name and how far it may go.
///
/// @param nanos [System#nanoTime] of its arrival
/// @param requestId the client's name for it, or ours
/// @param zoneHeader the header `Ringfence-Zone`, or null
/// @param explain the header `Ringfence-Explain`: every verdict of the placement is wanted
/// @param traceParent the header of that name: the span that it belongs to, or null
/// @param maxWaitMillis the header `Ringfence-Max-Wait-Ms`; 0 is the router's default
record Arrival(
    long nanos,
    String requestId,
    Caller caller,
    @Nullable String zoneHeader,
    long maxWaitMillis,
    boolean explain,
    @Nullable String traceParent) {
  static final String WAIT_HEADER = "Ringfence-Max-Wait-Ms";

  private static final String KEY = "ringfence.arrival";
  private static final long MAX_WAIT_MILLIS = 3_600_000;

  static void put(RoutingContext context, Arrival arrival) {
    context.put(KEY, arrival);
  }

  static Arrival of(RoutingContext context) {
    return context.get(KEY);
  }

  /// What [#WAIT_HEADER] asks for: 0 milliseconds are the fewest that there are, an hour the most.
  ///
  /// @param header null: it was not sent
  /// @return milliseconds, or 0 for the router's default
  /// @throws ApiError with 400 when it is no number
  static long waiting(@Nullable String header) {
    if (header == null) {
      return 0;
    }
    if (!header.strip().matches("\\d{1,15}")) {
      throw ApiError.invalid(
          null,
          "invalid_header",
          "The header " + WAIT_HEADER + " is a number of milliseconds, such as 750.");
    }
    return Math.clamp(Long.parseLong(header.strip()), 1, MAX_WAIT_MILLIS);
  }

  static boolean explaining(@Nullable String header) {
    return header != null && (header.equals("1") || header.equalsIgnoreCase("true"));
  }

  /// The nearer of the gateway's ceiling and the header; a header that names no zone is the nearest
  /// zone.
  Label label() {
    Label.Builder label = Label.newBuilder().setFarthestZone(caller.ceiling());
    label.addReasons("gateway-ceiling");
    if (zoneHeader != null) {
      Zone asked = Zones.nearestUnlessNamed(zoneHeader);
      label.setFarthestZone(Zones.nearer(asked, caller.ceiling()));
      label.addReasons("header");
    }
    return label.build();
  }

  /// The requests with their names (`id`, or `id-0`, `id-1`, ... of several), credentials, label
  /// and patience.
  List<RouteRequest> identify(String id, List<RouteRequest.Builder> requests) {
    var identified = new ArrayList<RouteRequest>(requests.size());
    Label label = label();
    for (int i = 0; i < requests.size(); i++) {
      identified.add(
          requests
              .get(i)
              .setRequestId(requests.size() == 1 ? id : id + "-" + i)
              .setCredentials(caller.credentials())
              .setLabel(label)
              .setMaxWaitMillis(maxWaitMillis)
              .setExplain(explain)
              .build());
    }
    return identified;
  }
}
