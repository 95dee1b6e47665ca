package ringfence.node.model;

/// A loaded model. Immutable and safe for any number of threads; its weights live as long as the
/// arena that its file was opened with.
///
/// @param name the file's `general.name`, for people; its architecture where it has none
public record Model(String name, ModelSpec spec, Weights weights) {}
