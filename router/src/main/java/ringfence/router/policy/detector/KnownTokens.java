package ringfence.router.policy.detector;

import java.util.List;
import ringfence.router.policy.detector.TokenShape.Alphabet;

/// Keys that their issuers gave a recognisable shape.
///
/// @param name `cloud-key`, `api-key`, ...
record KnownTokens(String name, List<TokenShape> shapes) implements TokenDetector {

  /// Amazon's access key ids.
  static KnownTokens aws() {
    return new KnownTokens(
        "cloud-key",
        List.of(
            TokenShape.of("AKIA", Alphabet.UPPER_DIGITS, 16, 16),
            TokenShape.of("ASIA", Alphabet.UPPER_DIGITS, 16, 16),
            TokenShape.of("ABIA", Alphabet.UPPER_DIGITS, 16, 16),
            TokenShape.of("ACCA", Alphabet.UPPER_DIGITS, 16, 16)));
  }

  /// Google's API keys, OAuth tokens and client secrets.
  static KnownTokens google() {
    return new KnownTokens(
        "cloud-key",
        List.of(
            TokenShape.random("AIza", Alphabet.URL_SAFE, 35, 35),
            TokenShape.random("ya29.", Alphabet.URL_SAFE, 20, 2_048),
            TokenShape.random("GOCSPX-", Alphabet.URL_SAFE, 24, 32)));
  }

  /// Other clouds.
  static KnownTokens clouds() {
    return new KnownTokens(
        "cloud-key",
        List.of(
            TokenShape.of("dop_v1_", Alphabet.HEX, 64, 64),
            TokenShape.of("doo_v1_", Alphabet.HEX, 64, 64),
            TokenShape.random("LTAI", Alphabet.LETTERS_DIGITS, 12, 24),
            TokenShape.random("hvs.", Alphabet.URL_SAFE, 24, 256)));
  }

  /// Where code is kept and published from.
  static KnownTokens code() {
    return new KnownTokens(
        "api-key",
        List.of(
            TokenShape.random("ghp_", Alphabet.LETTERS_DIGITS, 36, 255),
            TokenShape.random("gho_", Alphabet.LETTERS_DIGITS, 36, 255),
            TokenShape.random("ghu_", Alphabet.LETTERS_DIGITS, 36, 255),
            TokenShape.random("ghs_", Alphabet.LETTERS_DIGITS, 36, 255),
            TokenShape.random("ghr_", Alphabet.LETTERS_DIGITS, 36, 255),
            TokenShape.random("github_pat_", Alphabet.URL_SAFE, 50, 255),
            TokenShape.random("glpat-", Alphabet.URL_SAFE, 20, 64),
            TokenShape.random("npm_", Alphabet.LETTERS_DIGITS, 36, 36),
            TokenShape.random("pypi-", Alphabet.URL_SAFE, 60, 400),
            TokenShape.random("dckr_pat_", Alphabet.URL_SAFE, 24, 64)));
  }

  /// Where people talk.
  static KnownTokens messaging() {
    return new KnownTokens(
        "api-key",
        List.of(
            TokenShape.random("xoxb-", Alphabet.URL_SAFE, 20, 255),
            TokenShape.random("xoxp-", Alphabet.URL_SAFE, 20, 255),
            TokenShape.random("xoxa-", Alphabet.URL_SAFE, 20, 255),
            TokenShape.random("xoxr-", Alphabet.URL_SAFE, 20, 255),
            TokenShape.random("xoxs-", Alphabet.URL_SAFE, 20, 255),
            TokenShape.random("xapp-", Alphabet.URL_SAFE, 20, 255),
            TokenShape.random("hooks.slack.com/services/", Alphabet.ANY, 30, 255),
            TokenShape.random("SG.", Alphabet.ANY, 60, 80)));
  }

  /// Where money moves.
  static KnownTokens payments() {
    return new KnownTokens(
        "api-key",
        List.of(
            TokenShape.random("sk_live_", Alphabet.LETTERS_DIGITS, 20, 255),
            TokenShape.random("sk_test_", Alphabet.LETTERS_DIGITS, 20, 255),
            TokenShape.random("rk_live_", Alphabet.LETTERS_DIGITS, 20, 255),
            TokenShape.random("rk_test_", Alphabet.LETTERS_DIGITS, 20, 255),
            TokenShape.random("whsec_", Alphabet.ANY, 24, 255),
            TokenShape.of("shpat_", Alphabet.HEX, 32, 32),
            TokenShape.random("EAAA", Alphabet.URL_SAFE, 60, 60),
            TokenShape.random("sq0csp-", Alphabet.URL_SAFE, 43, 43)));
  }

  /// Those who run models; our own keys are among them.
  static KnownTokens models() {
    return new KnownTokens(
        "api-key",
        List.of(
            TokenShape.random("sk-", Alphabet.URL_SAFE, 32, 255),
            TokenShape.random("hf_", Alphabet.LETTERS_DIGITS, 30, 40),
            TokenShape.random("gsk_", Alphabet.LETTERS_DIGITS, 40, 64),
            TokenShape.random("r8_", Alphabet.LETTERS_DIGITS, 37, 37),
            TokenShape.random("rf-", Alphabet.URL_SAFE, 43, 43)));
  }
}
