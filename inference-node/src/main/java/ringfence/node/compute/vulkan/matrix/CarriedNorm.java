package ringfence.node.compute.vulkan.matrix;

/// A product's part in an RMS norm that has no phase of its own (`carried_norm.glsl`): the product
/// before it leaves its results as halves, times the norm's weights and about the norm's scale, and
/// beside them the sums of their squares; the product behind it makes up for what the scale should
/// have been. About the scale is that of the norm before, which is known by then; a 128th of it, so
/// that a stream that grows a million times from one norm to the next still has room in a half.
///
/// Only products of fragments do it, for up to [#MOST_TOKENS] tokens.
///
/// @param role what the product does
/// @param state address of the norm's state, of [#STATE_BYTES]
/// @param side where the scale stands that is in the norm's input: 0 or 1
/// @param parts taken: sums of squares of each token
/// @param epsilon taken: of the norm
/// @param weights left: of the norm
/// @param halves left: where the norm's input goes, `[token][results' stride]`
public record CarriedNorm(
    Role role, long state, int side, int parts, float epsilon, long weights, long halves) {
  /// Tokens that a state has room for.
  public static final int MOST_TOKENS = 64;

  /// Sums of squares that a state has room for, of each token.
  static final int MOST_PARTS = 512;

  public static final long STATE_BYTES = 4L * MOST_TOKENS * (2 + MOST_PARTS);

  static final CarriedNorm NONE = new CarriedNorm(Role.NONE, 0, 0, 0, 0, 0, 0);

  /// What a product does.
  enum Role {
    NONE(0),
    /// Finds the norm's input left behind.
    TAKES(1),
    /// The same, and leaves this norm's scale on the other side: one product does, of those that
    /// take the same input.
    HANDS_ON(1),
    /// Leaves the next norm's input behind, beside its results in float32 with a stride that is a
    /// multiple of 4.
    LEAVES(2);

    private final int code;

    Role(int code) {
      this.code = code;
    }

    /// The constant `NORM` of `fragment.comp`.
    int code() {
      return code;
    }
  }

  /// For a product that takes a norm.
  public static CarriedNorm taken(long state, int side, int parts, float epsilon, boolean handsOn) {
    return new CarriedNorm(handsOn ? Role.HANDS_ON : Role.TAKES, state, side, parts, epsilon, 0, 0);
  }

  /// For a product that leaves one behind.
  public static CarriedNorm left(long state, int side, long weights, long halves) {
    return new CarriedNorm(Role.LEAVES, state, side, 0, 0, weights, halves);
  }

  /// The argument `carriedSide` of `matrix.glsl`.
  int sideCode() {
    return role == Role.HANDS_ON ? side + 2 : side;
  }
}
