package ringfence.node.compute.vulkan.weights;

/// One of the arrays that a matrix consists of on the device, in the order in which they follow one
/// another.
public enum Plane {
  CODES,
  UPPER,
  SCALES,
  SUPERS;

  /// Tiles, side by side in a row of tiles, that share an entry of this plane.
  int tilesAnEntry() {
    return this == SUPERS ? 4 : 1;
  }
}
