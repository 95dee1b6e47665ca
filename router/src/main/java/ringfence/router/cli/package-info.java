/// The router's command line.
@NullMarked
package ringfence.router.cli;

import org.jspecify.annotations.NullMarked;
