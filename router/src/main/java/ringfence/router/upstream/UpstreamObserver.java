package ringfence.router.upstream;

/// Hears how upstreams do.
public interface UpstreamObserver {
  /// Hears nothing.
  UpstreamObserver NONE =
      new UpstreamObserver() {
        @Override
        public void opened(String upstream, String why) {}

        @Override
        public void closed(String upstream) {}
      };

  /// It has failed so often that it gets nothing for a while.
  ///
  /// @param why of the last failure; no content
  void opened(String upstream, String why);

  /// It answers again.
  void closed(String upstream);
}
