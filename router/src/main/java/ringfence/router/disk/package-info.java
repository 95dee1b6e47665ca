/// Files that must outlive a power cut: one folder of them, segments of checksummed commits, and
/// who appends to the newest.
@NullMarked
package ringfence.router.disk;

import org.jspecify.annotations.NullMarked;
