/// One answer from one or more attempts: placement, egress, resume, deadline, cancel. A
/// [ringfence.router.dispatch.Dispatch] runs one request; nothing here blocks a thread.
@NullMarked
package ringfence.router.dispatch;

import org.jspecify.annotations.NullMarked;
