/// OpenAI's wire format: what a request body may hold, how it becomes a
/// [ringfence.proto.v1.RouteRequest], how events become answers and stream chunks, and every error
/// body. Knows JSON and proto, no HTTP server and no channel.
///
/// Requests are read by hand from a pull parser ([ringfence.gateway.openai.WireReader]) so that
/// each mistake names its field as OpenAI does, and so that a large body never becomes a tree of
/// nodes.
@NullMarked
package ringfence.gateway.openai;

import org.jspecify.annotations.NullMarked;
