package ringfence.router.overview;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.CreateKeyRequest;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.Zone;
import ringfence.router.Failures;
import ringfence.router.WireZones;
import ringfence.router.policy.Caller;
import ringfence.router.policy.document.KeysFile;
import ringfence.router.policy.document.PolicyFileException;

/// Makes and revokes keys in the file beside the policy file, as the command line does, for admins.
/// A key that is made here is never an admin's: that takes the command line on the router's
/// machine.
public final class KeyDesk {
  private static final Logger LOG = Logger.getLogger(KeyDesk.class);
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  private static final long TAKE_UP_SECONDS = 5;

  private final @Nullable KeysFile file;
  private final Runnable look;
  private final Executor watcher;
  private final InstantSource clock;

  /// @param policyFile null: there are no keys
  /// @param look takes up what has changed
  /// @param watcher where that runs
  public KeyDesk(@Nullable Path policyFile, Runnable look, Executor watcher, InstantSource clock) {
    this.file = policyFile == null ? null : new KeysFile(policyFile);
    this.look = look;
    this.watcher = watcher;
    this.clock = clock;
  }

  /// What came of a change.
  sealed interface Outcome {
    /// It is in force.
    ///
    /// @param key the new key, which nobody can read again; empty where none was made
    record Done(String key) implements Outcome {
      @Override
      public String toString() {
        return "Done";
      }
    }

    record Refused(Failure failure) implements Outcome {}
  }

  private interface Change {
    String apply(KeysFile keys) throws IOException, PolicyFileException;
  }

  /// Whether there is a file to change.
  boolean isEditable() {
    return file != null;
  }

  Outcome create(CreateKeyRequest asked, Caller admin) {
    if (!NAME.matcher(asked.getId()).matches()) {
      return refused("id", "1 to 64 characters of A-Z a-z 0-9 . _ - expected");
    }
    if (!NAME.matcher(asked.getTenant()).matches()) {
      return refused("tenant", "the name of a tenant of the policy expected");
    }
    Instant expires =
        asked.getExpiresMillis() == 0
            ? null
            : Instant.ofEpochMilli(asked.getExpiresMillis()).truncatedTo(ChronoUnit.SECONDS);
    if (expires != null && !expires.isAfter(clock.instant())) {
      return refused("expires", "a moment that is yet to come expected");
    }
    Outcome outcome =
        change(
            "id",
            keys ->
                keys.create(
                    asked.getId(),
                    asked.getTenant(),
                    asked.getFarthestZone() == Zone.ZONE_UNSPECIFIED
                        ? null
                        : WireZones.ofLabel(asked.getFarthestZone()),
                    expires,
                    false));
    if (outcome instanceof Outcome.Done) {
      LOG.infof(
          "key %s of tenant %s was made by key %s",
          asked.getId(), asked.getTenant(), admin.keyId());
    }
    return outcome;
  }

  Outcome revoke(String id, Caller admin) {
    if (!NAME.matcher(id).matches()) {
      return refused("id", "the name of a key expected");
    }
    if (id.equals(admin.keyId())) {
      return refused("id", "this key asks for it; use another admin key, or 'router keys revoke'");
    }
    Outcome outcome =
        change(
            "id",
            keys -> {
              keys.revoke(id, clock.instant().truncatedTo(ChronoUnit.SECONDS));
              return "";
            });
    if (outcome instanceof Outcome.Done) {
      LOG.infof("key %s was revoked by key %s", id, admin.keyId());
    }
    return outcome;
  }

  private Outcome change(String parameter, Change change) {
    KeysFile keys = file;
    if (keys == null) {
      return refused(
          parameter, "this router has no keys: set ringfence.router.policy-file to have some");
    }
    try {
      String key = change.apply(keys);
      CompletableFuture.runAsync(look, watcher).get(TAKE_UP_SECONDS, TimeUnit.SECONDS);
      return new Outcome.Done(key);
    } catch (PolicyFileException wrong) {
      return refused(parameter, String.valueOf(wrong.getMessage()));
    } catch (IOException failed) {
      LOG.errorf("the keys file can't be changed: %s", failed.getMessage());
      return new Outcome.Refused(
          Failures.of(Reason.INTERNAL, "the router can't write its keys file; its log says why"));
    } catch (ExecutionException | TimeoutException notYet) {
      return new Outcome.Refused(
          Failures.of(Reason.INTERNAL, "the change is written but not in force yet; look again"));
    } catch (InterruptedException stopping) {
      Thread.currentThread().interrupt();
      return new Outcome.Refused(Failures.of(Reason.DRAINING, "this router is going down"));
    }
  }

  private static Outcome refused(String parameter, String message) {
    return new Outcome.Refused(Failures.invalid(parameter, message));
  }
}
