package ringfence.tls;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jboss.logging.Logger;

/// Logs refused peers, one line a second at most: whoever is refused can come back as often as it
/// likes.
final class RefusalLog {
  private static final Logger LOG = Logger.getLogger(RefusalLog.class);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final InstantSource clock;
  private Instant next = Instant.EPOCH;
  private long unsaid;

  RefusalLog(InstantSource clock) {
    this.clock = clock;
  }

  synchronized void refused(String why) {
    Instant now = clock.instant();
    if (now.isBefore(next)) {
      unsaid++;
      return;
    }
    LOG.warnf("%s%s", why, unsaid == 0 ? "" : " (and " + unsaid + " more)");
    unsaid = 0;
    next = now.plus(PAUSE);
  }
}
