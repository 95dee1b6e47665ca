package ringfence.node.compute.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringfence.node.gguf.Dequantizer;
import ringfence.node.gguf.Tensor;
import ringfence.node.gguf.TensorType;

class MatrixTest {
  private static final int[] LENGTHS = {1, 7, 8, 13, 16, 33, 4097};

  /// A tile and a part of one.
  private static final int ROWS = Lanes.TILE + 7;

  private static final int TOKENS = 14;

  /// Engine.md's gate for float32 arithmetic. In the worst case a sum of n / lanes roundings of
  /// 2^-24 could miss it at 4097 numbers; random signs stay a hundred times below.
  private static final double GATE = 1e-6;

  @ParameterizedTest
  @EnumSource
  void staysWithinTheGateOfTheExactSum(TensorType type) {
    for (int length : LENGTHS) {
      Case given = new Case(type, length);
      float[] out = given.multiply(0, TOKENS);
      for (int token = 0; token < TOKENS; token++) {
        for (int row = 0; row < ROWS; row++) {
          double exact = 0;
          double size = 0;
          for (int k = 0; k < given.columns; k++) {
            double product =
                (double) given.weights[row * given.columns + k]
                    * given.tokens[token * given.columns + k];
            exact += product;
            size += Math.abs(product);
          }
          assertThat((double) out[token * ROWS + row])
              .as("%s, %d columns, token %d, row %d", type, given.columns, token, row)
              .isCloseTo(exact, within(GATE * size));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void bitsAreTheSameForAnyNumberOfTokensAndRows(TensorType type) {
    for (int length : LENGTHS) {
      Case given = new Case(type, length);
      float[] all = given.multiply(0, TOKENS);
      for (int tokens = 1; tokens < TOKENS; tokens++) {
        float[] some = given.multiply(TOKENS - tokens, tokens);
        for (int i = 0; i < some.length; i++) {
          assertThat(some[i]).isEqualTo(all[(TOKENS - tokens) * ROWS + i]);
        }
      }
      float[] last = new float[ROWS - Lanes.TILE];
      Activations x = given.activations(0, 1);
      given.matrix.multiply(Lanes.TILE, ROWS, x, 1, last, 0, last.length, given.scratch());
      assertThat(last).isEqualTo(Arrays.copyOfRange(all, Lanes.TILE, ROWS));
    }
  }

  @Test
  void aMatrixWithAnInfiniteScaleStaysAsTheFileHasIt() {
    byte[] stored = RandomBlocks.of(TensorType.Q8_0, 4, 0, new Random(1));
    stored[2 * TensorType.Q8_0.blockBytes()] = 0;
    stored[2 * TensorType.Q8_0.blockBytes() + 1] = 0x7C;
    Tensor tensor = new Tensor("odd", TensorType.Q8_0, 64, 2, MemorySegment.ofArray(stored));
    try (Workers workers = new Workers(1)) {
      assertThat(Matrix.of(tensor, Arena.ofAuto(), workers)).isInstanceOf(FileRows.class);
      stored[2 * TensorType.Q8_0.blockBytes() + 1] = 0x7B;
      assertThat(Matrix.of(tensor, Arena.ofAuto(), workers)).isInstanceOf(Tiles.class);
    }
  }

  /// A random matrix and random tokens.
  private static final class Case {
    final int columns;
    final Matrix matrix;
    final float[] weights;
    final float[] tokens;

    Case(TensorType type, int length) {
      Random random = new Random(31L * type.id() + length);
      int blocks = (length + type.blockSize() - 1) / type.blockSize();
      columns = blocks * type.blockSize();
      MemorySegment stored = MemorySegment.ofArray(RandomBlocks.of(type, ROWS * blocks, 0, random));
      Tensor tensor = new Tensor("random", type, columns, ROWS, stored);
      try (Workers workers = new Workers(1)) {
        matrix = Matrix.of(tensor, Arena.ofAuto(), workers);
      }
      weights = new float[ROWS * columns];
      Dequantizer.row(type, stored, 0, weights, 0, ROWS * columns);
      tokens = new float[TOKENS * columns];
      for (int i = 0; i < tokens.length; i++) {
        tokens[i] = (float) random.nextGaussian();
      }
    }

    Scratch scratch() {
      return new Scratch(FileRows.panelSize(columns));
    }

    Activations activations(int first, int count) {
      Activations x = new Activations(count, columns, List.of(matrix));
      for (int token = 0; token < count; token++) {
        System.arraycopy(tokens, (first + token) * columns, x.rows, token * x.stride, columns);
        x.prepare(token);
      }
      return x;
    }

    /// Products of all rows with `count` tokens from `first` on.
    float[] multiply(int first, int count) {
      float[] out = new float[count * ROWS];
      matrix.multiply(0, ROWS, activations(first, count), count, out, 0, ROWS, scratch());
      return out;
    }
  }
}
