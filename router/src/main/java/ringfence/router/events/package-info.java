/// What the router tells others of its work, in an outbox on disk: usage and egress before the
/// answer's last byte and before the bytes that leave, placements and node states as there is room.
@NullMarked
package ringfence.router.events;

import org.jspecify.annotations.NullMarked;
