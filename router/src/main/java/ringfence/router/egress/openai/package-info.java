/// OpenAI's wire format as an upstream speaks it: attempts out, events in. Values only; nothing
/// here opens a connection.
@NullMarked
package ringfence.router.egress.openai;

import org.jspecify.annotations.NullMarked;
