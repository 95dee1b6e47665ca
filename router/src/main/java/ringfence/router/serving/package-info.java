/// gRPC in: the Routing service, its limits, configuration, drain, health and metrics. Everything
/// is put together in [ringfence.router.serving.Router].
@NullMarked
package ringfence.router.serving;

import org.jspecify.annotations.NullMarked;
