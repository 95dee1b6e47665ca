/// The gateway: OpenAI-compatible HTTP in front of the router. Maps wire formats; chooses no
/// target.
@NullMarked
package ringfence.gateway;

import org.jspecify.annotations.NullMarked;
