/// Endpoints of others that speak OpenAI's API, as targets: what the policy says of them, what they
/// are busy with, and whether they work. Nothing here opens a connection.
@NullMarked
package ringfence.router.upstream;

import org.jspecify.annotations.NullMarked;
