package ringfence.router.events;

/// Hears everything and does nothing.
public final class SilentObserver implements OutboxObserver {
  @Override
  public void committed(int events, long nanos) {}

  @Override
  public void commitFailed(String why) {}

  @Override
  public void dropped() {}

  @Override
  public void tailCutOff(String segment, long bytes) {}

  @Override
  public void damaged(String segment, long offset, long bytes) {}

  @Override
  public void removed(String segment) {}
}
