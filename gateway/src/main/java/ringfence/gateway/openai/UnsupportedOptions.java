package ringfence.gateway.openai;

import java.util.Set;

/// Options of other servers that would change what the answer says, and that Ringfence does not
/// have: naming them helps more than "unknown", and ignoring them would be a lie.
final class UnsupportedOptions {
  private static final Set<String> KNOWN =
      Set.of(
          "guided_json",
          "guided_regex",
          "guided_choice",
          "guided_grammar",
          "structured_outputs",
          "grammar",
          "json_schema",
          "stop_token_ids",
          "min_tokens",
          "bad_words",
          "allowed_token_ids",
          "logits_processors",
          "use_beam_search",
          "length_penalty",
          "prompt_logprobs",
          "truncate_prompt_tokens",
          "typical_p",
          "mirostat",
          "dry_multiplier",
          "xtc_probability",
          "dynatemp_range",
          "repeat_penalty",
          "repeat_last_n",
          "n_predict",
          "n_probs",
          "chat_template",
          "documents",
          "mm_processor_kwargs",
          "lora");

  private UnsupportedOptions() {}

  /// Throws for a known one; false for any other name.
  static boolean refuse(String name) {
    if (KNOWN.contains(name)) {
      throw ApiError.unsupportedParameter(name, "Leave it out.");
    }
    return false;
  }
}
