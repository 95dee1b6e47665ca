/// What a model is: the choices of its architecture, its weights. Immutable after loading.
@NullMarked
package ringfence.node.model;

import org.jspecify.annotations.NullMarked;
