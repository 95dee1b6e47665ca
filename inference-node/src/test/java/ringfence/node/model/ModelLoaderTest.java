package ringfence.node.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ringfence.node.gguf.GgufBytes;
import ringfence.node.gguf.GgufException;
import ringfence.node.gguf.GgufFile;
import ringfence.node.gguf.TensorType;
import ringfence.node.model.ModelSpec.Activation;
import ringfence.node.model.Rope.Pairing;

/// Loads the tiny models, as they are and with something changed. That what is loaded computes the
/// right thing is for the backends' tests to say.
class ModelLoaderTest {
  private static final String LLAMA = "llama-rope3-q8_0";
  private static final String QWEN2 = "qwen2-mixed";
  private static final String QWEN3 = "qwen3-tied-q8_0";
  private static final String GEMMA3 = "gemma3-q4_0";

  @Test
  void readsLlama() {
    Model model = load(LLAMA);
    ModelSpec spec = model.spec();
    assertThat(model.name()).isEqualTo(LLAMA);
    assertThat(spec.architecture()).isEqualTo("llama");
    assertThat(spec.hidden()).isEqualTo(64);
    assertThat(spec.feedForward()).isEqualTo(96);
    assertThat(spec.heads()).isEqualTo(4);
    assertThat(spec.kvHeads()).isEqualTo(2);
    assertThat(spec.headSize()).isEqualTo(16);
    assertThat(spec.vocabulary()).isEqualTo(320);
    assertThat(spec.contextLength()).isEqualTo(256);
    assertThat(spec.normEpsilon()).isEqualTo(1e-5f);
    assertThat(spec.activation()).isEqualTo(Activation.SILU);
    assertThat(spec.embeddingScale()).isEqualTo(1);
    assertThat(spec.attentionScale()).isEqualTo(0.25f);
    assertThat(spec.layers()).hasSize(2).allMatch(layer -> layer.window() == 0);
    assertThat(rope(model).pairing()).isEqualTo(Pairing.ADJACENT);
    assertThat(model.weights().output()).isNotSameAs(model.weights().tokenEmbedding());
    assertThat(model.weights().layers().getFirst().queryBias()).isNull();
    assertThat(model.weights().layers().getFirst().queryNorm()).isNull();
  }

  @Test
  void readsQwen2sBiasesAndTiedEmbedding() {
    Model model = load(QWEN2);
    assertThat(rope(model).pairing()).isEqualTo(Pairing.HALVES);
    assertThat(model.weights().output()).isSameAs(model.weights().tokenEmbedding());
    Weights.Layer layer = model.weights().layers().getFirst();
    assertThat(layer.queryBias()).hasSize(64);
    assertThat(layer.keyBias()).hasSize(32);
    assertThat(layer.valueBias()).hasSize(32);
    assertThat(layer.postAttentionNorm()).isNull();
  }

  @Test
  void readsQwen3sHeadNorms() {
    Weights.Layer layer = load(QWEN3).weights().layers().getFirst();
    assertThat(layer.queryNorm()).hasSize(32);
    assertThat(layer.keyNorm()).hasSize(32);
    assertThat(layer.queryBias()).isNull();
  }

  @Test
  void readsGemma3sWindowsScalesAndNorms() {
    Model model = load(GEMMA3);
    ModelSpec spec = model.spec();
    assertThat(spec.activation()).isEqualTo(Activation.GELU_TANH);
    assertThat(spec.embeddingScale()).isEqualTo(8);
    assertThat(spec.layers().stream().map(ModelSpec.LayerSpec::window))
        .containsExactly(16, 16, 16, 16, 16, 0, 16);
    // Linear scaling by 8 where a layer sees everything, and there alone.
    assertThat(spec.layers().get(5).rope().inverseFrequencies()[0]).isEqualTo(1 / 8f);
    assertThat(spec.layers().get(4).rope().inverseFrequencies()[0]).isEqualTo(1);
    assertThat(spec.layers().get(5).rope().inverseFrequencies()[1])
        .isEqualTo((float) (Math.pow(1e6, -1 / 16.0) / 8), within(1e-8f));
    assertThat(spec.layers().get(4).rope().inverseFrequencies()[1])
        .isEqualTo((float) Math.pow(1e4, -1 / 16.0), within(1e-7f));
    assertThat(model.weights().layers().getFirst().postFeedForwardNorm()).hasSize(64);
  }

  @Test
  void gemma3sWindowPatternMayBeAnotherPeriodOrAFlagForEachLayer() {
    String key = "gemma3.attention.sliding_window_pattern";
    assertThat(load(GEMMA3, file -> file.uint32(key, 2)).spec().layers())
        .extracting(ModelSpec.LayerSpec::window)
        .containsExactly(16, 0, 16, 0, 16, 0, 16);
    assertThat(
            load(GEMMA3, file -> file.bools(key, true, true, false, false, true, true, true))
                .spec()
                .layers())
        .extracting(ModelSpec.LayerSpec::window)
        .containsExactly(16, 16, 0, 0, 16, 16, 16);
    refused(GEMMA3, file -> file.bools(key, true), key, "1 entries for 7 layers");
  }

  @Test
  void onlyTheLargestGemma3ScalesAttentionByItsWidth() {
    assertThat(load("gemma3-27b-q8_0").spec().attentionScale()).isEqualTo(0.25f);
    assertThat(load(GEMMA3).spec().attentionScale()).isEqualTo((float) (1 / Math.sqrt(32)));
    assertThat(
            load(GEMMA3, file -> file.float32("gemma3.attention.scale", 0.5f))
                .spec()
                .attentionScale())
        .isEqualTo(0.5f);
  }

  @Test
  void readsHeadCountsGivenForEachLayerWhereTheyAreEqual() {
    String key = "llama.attention.head_count_kv";
    assertThat(load(LLAMA, file -> file.without(key).uint32s(key, 2, 2)).spec().kvHeads())
        .isEqualTo(2);
    refused(
        LLAMA,
        file -> file.without(key).uint32s(key, 2, 4),
        key,
        "is 4 in layer 1 and 2 in layer 0",
        "not supported");
  }

  @Test
  void everyHeadHasItsOwnKeysWhereTheFileDoesNotSay() {
    refused(
        LLAMA,
        file -> file.without("llama.attention.head_count_kv"),
        "'blk.0.attn_k.weight'",
        "64 columns and 32 rows",
        "64 columns and 64 rows are expected");
  }

  @Test
  void noScalingLeavesTheFrequenciesAlone() {
    Rope rope =
        rope(load(QWEN3, file -> scaled(file, "none").float32("qwen3.rope.scaling.factor", 4)));
    assertThat(rope.inverseFrequencies()[0]).isEqualTo(1);
    assertThat(rope.magnitude()).isEqualTo(1);
  }

  @Test
  void aFactorWithoutATypeIsLinear() {
    assertThat(
            rope(load(QWEN3, file -> file.float32("qwen3.rope.scaling.factor", 4)))
                .inverseFrequencies()[0])
        .isEqualTo(0.25f);
    assertThat(
            rope(load(QWEN3, file -> file.float32("qwen3.rope.scale_linear", 4)))
                .inverseFrequencies()[0])
        .isEqualTo(0.25f);
  }

  /// Frequencies and magnitudes made by PyPI `transformers` for a head of 32 and a base of 10^6.
  @Test
  void yarnEqualsTransformers() {
    Rope plain =
        rope(
            load(
                QWEN3,
                file ->
                    scaled(file, "yarn")
                        .float32("qwen3.rope.scaling.factor", 4)
                        .uint32("qwen3.rope.scaling.original_context_length", 32_768)));
    assertThat(plain.magnitude()).isEqualTo(1.138629436111989f, within(1e-7f));
    closeTo(
        plain.inverseFrequencies(),
        1.0,
        0.4216965138912201,
        0.17782793939113617,
        0.07498941570520401,
        0.03162277862429619,
        0.01333521492779255,
        0.00477990135550499,
        0.001659961650148034,
        0.0005499999970197678,
        0.00016867858357727528,
        4.4456985051510856e-05,
        1.8747356079984456e-05,
        7.905693564680405e-06,
        3.3338035336782923e-06,
        1.405853367941745e-06,
        5.928434347879374e-07);

    Rope bounded =
        rope(
            load(
                QWEN3,
                file ->
                    scaled(file, "yarn")
                        .float32("qwen3.rope.scaling.factor", 2.5f)
                        .uint32("qwen3.rope.scaling.original_context_length", 4096)
                        .float32("qwen3.rope.scaling.yarn_beta_fast", 16)
                        .float32("qwen3.rope.scaling.yarn_beta_slow", 2)));
    assertThat(bounded.magnitude()).isEqualTo(1.0916290731874154f, within(1e-7f));
    closeTo(
        bounded.inverseFrequencies(),
        1.0,
        0.4216965138912201,
        0.17782793939113617,
        0.07498941570520401,
        0.03162277862429619,
        0.01066817156970501,
        0.0033740478102117777,
        0.0009485495393164456,
        0.00039999998989515007,
        0.0001686785981291905,
        7.113117317203432e-05,
        2.9995768272783607e-05,
        1.264911043108441e-05,
        5.334085471986327e-06,
        2.249365252282587e-06,
        9.485494842920161e-07);
  }

  @Test
  void refusesAScalingNobodyKnows() {
    refused(QWEN3, file -> scaled(file, "longrope"), "rope.scaling.type", "'longrope'", "yarn");
  }

  @Test
  void anArchitectureThatIsNotKnownListsThoseThatAre() {
    refused(
        LLAMA,
        file -> file.without("general.architecture").text("general.architecture", "mamba"),
        "'mamba'",
        "llama, qwen2, qwen3, gemma3");
    refused(LLAMA, file -> file.without("general.architecture"), "general.architecture", "missing");
  }

  @Test
  void refusesWhatWouldComputeSomethingElse() {
    refused(LLAMA, file -> file.uint32("llama.expert_count", 8), "expert_count", "experts");
    assertThat(load(LLAMA, file -> file.uint32("llama.expert_count", 0))).isNotNull();
    refused(
        GEMMA3,
        file -> file.float32("gemma3.final_logit_softcapping", 30),
        "final_logit_softcapping",
        "not supported");
    refused(LLAMA, file -> file.float32("llama.logit_scale", 0.5f), "logit_scale");
    refused(
        LLAMA,
        file -> file.zeros("blk.0.attn_output.bias", TensorType.F32, 64, 1),
        "'blk.0.attn_output.bias'",
        "no part of a llama model");
  }

  @Test
  void refusesOnePartOfAModel() {
    refused(LLAMA, file -> file.uint32("split.count", 3), "split.count", "3 parts", "join");
    assertThat(load(LLAMA, file -> file.uint32("split.count", 1))).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "token_embd.weight",
        "output_norm.weight",
        "blk.1.attn_q.weight",
        "blk.0.ffn_down.weight",
        "blk.1.attn_norm.weight"
      })
  void namesTheTensorThatIsMissing(String name) {
    refused(LLAMA, file -> file.without(name), "'" + name + "' is missing");
  }

  @Test
  void biasesThatTheArchitectureNeedsAreMissed() {
    refused(QWEN2, file -> file.without("blk.0.attn_k.bias"), "'blk.0.attn_k.bias' is missing");
  }

  @Test
  void namesTheTensorOfAnotherShapeAndBothShapes() {
    refused(
        LLAMA,
        file ->
            file.without("blk.1.ffn_up.weight")
                .zeros("blk.1.ffn_up.weight", TensorType.F32, 64, 95),
        "'blk.1.ffn_up.weight'",
        "64 columns and 95 rows",
        "64 columns and 96 rows are expected");
    refused(
        LLAMA,
        file -> file.without("rope_freqs.weight").zeros("rope_freqs.weight", TensorType.F32, 9, 1),
        "'rope_freqs.weight'",
        "9 columns",
        "8 columns and 1 rows are expected");
  }

  @ParameterizedTest
  @CsvSource({
    "llama.block_count,0",
    "llama.embedding_length,0",
    "llama.attention.head_count,0",
    "llama.attention.head_count_kv,3",
    "llama.rope.dimension_count,7",
    "llama.rope.dimension_count,32",
    "llama.context_length,0"
  })
  void namesTheKeyWhoseNumberCannotBe(String key, int value) {
    refused(LLAMA, file -> file.without(key).uint32(key, value), "'" + key + "'", "is " + value);
  }

  @Test
  void refusesNumbersThatMakeNoSense() {
    for (float wrong : new float[] {0, -1, Float.NaN, Float.POSITIVE_INFINITY}) {
      for (String key : new String[] {"attention.layer_norm_rms_epsilon", "rope.freq_base"}) {
        refused(
            LLAMA,
            file -> file.without("llama." + key).float32("llama." + key, wrong),
            "llama." + key);
      }
    }
    refused(
        LLAMA,
        file -> file.without("llama.context_length").text("llama.context_length", "long"),
        "llama.context_length",
        "STRING");
  }

  @Test
  void refusesAVocabularyThatIsNotTheEmbeddings() {
    refused(
        LLAMA,
        file -> file.without("tokenizer.ggml.tokens").uint32s("tokenizer.ggml.tokens", 1, 2),
        "2 tokens",
        "320 rows");
  }

  private static GgufBytes scaled(GgufBytes file, String type) {
    return file.text("qwen3.rope.scaling.type", type);
  }

  private static Rope rope(Model model) {
    return model.spec().layers().getFirst().rope();
  }

  private static void closeTo(float[] actual, double... expected) {
    assertThat(actual).hasSize(expected.length);
    for (int i = 0; i < expected.length; i++) {
      // Two units in the last place: transformers interpolates in float32.
      assertThat(actual[i]).isEqualTo((float) expected[i], within(2 * Math.ulp(actual[i])));
    }
  }

  private static Model load(String name) {
    return load(name, UnaryOperator.identity());
  }

  private static Model load(String name, UnaryOperator<GgufBytes> change) {
    return ModelLoader.load(change.apply(GgufBytes.copyOf(file(name))).parse());
  }

  private static void refused(String name, UnaryOperator<GgufBytes> change, String... words) {
    assertThatThrownBy(() -> load(name, change))
        .isInstanceOf(GgufException.class)
        .hasMessageContainingAll(words);
  }

  private static GgufFile file(String name) {
    String resource = "/truth/tiny/" + name + ".gguf";
    try (InputStream in = ModelLoaderTest.class.getResourceAsStream(resource)) {
      return GgufFile.parse(
          MemorySegment.ofArray(Objects.requireNonNull(in, resource).readAllBytes()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
