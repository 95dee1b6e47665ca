/// Makes authorities and the certificates that they issue. Needs `bcpkix` on the class path, which
/// only the router's command line and tests have.
@NullMarked
package ringfence.tls.authority;

import org.jspecify.annotations.NullMarked;
