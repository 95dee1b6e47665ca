/// Chat messages to prompt text, with the Jinja template inside the model file.
@NullMarked
package ringfence.node.template;

import org.jspecify.annotations.NullMarked;
