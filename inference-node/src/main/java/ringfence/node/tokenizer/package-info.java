/// Text to token ids and back, from the vocabulary inside the model file.
@NullMarked
package ringfence.node.tokenizer;

import org.jspecify.annotations.NullMarked;
