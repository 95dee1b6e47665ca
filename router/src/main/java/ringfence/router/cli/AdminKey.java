package ringfence.router.cli;

/// The key for operators' calls. It comes from the environment: a command line is seen by others.
final class AdminKey {
  private static final String VARIABLE = "RINGFENCE_ADMIN_KEY";

  private AdminKey() {}

  /// Empty where there is none.
  static String ofEnvironment() {
    String key = System.getenv(VARIABLE);
    return key == null ? "" : key.strip();
  }
}
