/// The web page: its files, under which rules a browser may run them, and the small API that only
/// the page calls.
@NullMarked
package ringfence.gateway.page;

import org.jspecify.annotations.NullMarked;
