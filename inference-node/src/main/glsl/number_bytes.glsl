// Whether numbers that are multiplied as integers have two bytes: Packing.java says when.
layout(constant_id = 14) const bool TWO_BYTES = false;
