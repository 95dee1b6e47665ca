package ringfence.node.serving;

/// A served model and what is counted of it.
record MeteredModel(ServedModel model, NodeMetrics metrics) {}
