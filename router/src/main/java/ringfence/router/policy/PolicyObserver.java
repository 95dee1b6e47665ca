package ringfence.router.policy;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Hears what the policy decides, for metrics and logs; none of it is content or secret.
public interface PolicyObserver {

  /// Nothing is heard.
  PolicyObserver NONE =
      new PolicyObserver() {
        @Override
        public void keyRefused(String why, @Nullable String keyId) {}

        @Override
        public void screened(long nanos, Set<String> kinds, boolean complete) {}
      };

  /// A key was refused.
  ///
  /// @param why `unknown`, `expired`, `revoked` or `too-many`
  /// @param keyId its name, where the key was a real one
  void keyRefused(String why, @Nullable String keyId);

  /// Detectors have looked at a request.
  ///
  /// @param kinds what they found, by name
  /// @param complete false: one failed or time was up
  void screened(long nanos, Set<String> kinds, boolean complete);
}
