/// The policy file: what an operator may write in it, read strictly into values. Whatever is wrong
/// is named by its path.
@NullMarked
package ringfence.router.policy.document;

import org.jspecify.annotations.NullMarked;
