package ringfence.node.compute.vulkan.device;

/// What a device may have and a kernel may need, beyond what every Vulkan 1.3 device has. Each is
/// asked for; what is there is switched on.
public enum Feature {
  /// Arithmetic on f16.
  FLOAT16("float16"),
  /// Arithmetic on 8-bit integers.
  INT8("int8"),
  /// Arithmetic on 16-bit integers.
  INT16("int16"),
  /// Arithmetic on 64-bit integers.
  INT64("int64"),
  /// 16-bit values in buffers.
  STORAGE_16("16-bit storage"),
  /// 8-bit values in buffers.
  STORAGE_8("8-bit storage"),
  /// `dotPacked4x8` in one instruction; elsewhere it works and is slow.
  INTEGER_DOT("integer dot product"),
  /// `GL_EXT_scalar_block_layout`.
  SCALAR_LAYOUT("scalar layout"),
  /// Shared memory declared as blocks that may overlap.
  SHARED_LAYOUT("shared memory layout"),
  /// A kernel may name its subgroup size, between the least and the greatest.
  SUBGROUP_SIZE("subgroup size control"),
  /// `subgroupAdd` and its like.
  SUBGROUP_ARITHMETIC("subgroup arithmetic"),
  /// `subgroupShuffle` and `subgroupShuffleXor`.
  SUBGROUP_SHUFFLE("subgroup shuffle"),
  /// `subgroupBallot` and `subgroupBroadcast`.
  SUBGROUP_BALLOT("subgroup ballot"),
  /// Subgroup operations on 8-bit, 16-bit and 64-bit types.
  SUBGROUP_TYPES("subgroup extended types"),
  /// `VK_KHR_cooperative_matrix`; the shapes are in [GpuTraits#cooperativeShapes].
  COOPERATIVE_MATRIX("cooperative matrix"),
  /// bf16 in kernels.
  BFLOAT16("bfloat16"),
  /// How much memory is free right now.
  MEMORY_BUDGET("memory budget");

  private final String label;

  Feature(String label) {
    this.label = label;
  }

  /// For people.
  public String label() {
    return label;
  }
}
