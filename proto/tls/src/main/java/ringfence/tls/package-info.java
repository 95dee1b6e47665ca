/// Mutual TLS between processes: certificates from files, followed when they change, and what a
/// certificate proves of the process that holds its key. It opens no channel and listens nowhere:
/// it makes the credentials with which others do.
@NullMarked
package ringfence.tls;

import org.jspecify.annotations.NullMarked;
