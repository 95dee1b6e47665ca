/// Publishes the outbox to Kafka and reads it back: the only room that knows Kafka.
@NullMarked
package ringfence.router.events.kafka;

import org.jspecify.annotations.NullMarked;
