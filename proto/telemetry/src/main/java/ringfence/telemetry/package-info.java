/// Traces across processes, and the export of traces and metrics over OTLP. No span has content.
@NullMarked
package ringfence.telemetry;

import org.jspecify.annotations.NullMarked;
