package ringfence.router.serving;

import com.google.protobuf.ByteString;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import ringfence.proto.v1.Chat;
import ringfence.proto.v1.ChatMessage;
import ringfence.proto.v1.ContentPart;
import ringfence.proto.v1.Credentials;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.Prompt;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.StopOptions;
import ringfence.proto.v1.Zone;
import ringfence.router.FakeNode;
import ringfence.router.FakeUpstream;
import ringfence.router.TestGateway;
import ringfence.router.TestRouter;
import ringfence.router.ledger.LedgerSettings;
import ringfence.router.policy.document.KeysFile;

/// A router with a policy, a ledger and one upstream over real HTTP, and who asks it.
abstract class UpstreamStage {
  final FakeUpstream upstream = new FakeUpstream();
  private final List<AutoCloseable> open = new ArrayList<>();
  @TempDir Path folder;
  private Path file;
  String key;
  TestRouter router;
  TestGateway gateway;

  @BeforeEach
  void write() throws Exception {
    Files.writeString(folder.resolve("partner.key"), "sk-partner-secret\n");
    start("", Duration.ZERO);
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
    upstream.close();
  }

  void start(String more, Duration hedgeAfter) throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
    open.clear();
    file = Files.createTempFile(folder, "policy", ".yaml");
    Files.writeString(
        file,
        """
        tenants:
          - name: ann
            farthest-zone: external
            budgets: [{window: day, tokens: 100000, money: 1.00}]
        upstreams:
          - name: partner
            base-url: %s
            key-file: %s
            price: {input-per-million: 1000, output-per-million: 2000}
        %s
            models:
              small: {upstream-name: vendor/small-1, context-length: 1000}
              tiny: {context-length: 1000}
        """
            .formatted(upstream.url(), folder.resolve("partner.key"), more));
    key = new KeysFile(file).create("user", "ann", null, null, false);
    router =
        new TestRouter(
            file,
            new LedgerPlan(
                Optional.of(Files.createTempDirectory(folder, "ledger")),
                false,
                LedgerSettings.STANDARD),
            hedgeAfter);
    open.add(router);
    gateway = new TestGateway(router.address());
    open.add(gateway);
  }

  FakeNode node(String name) throws Exception {
    FakeNode node = new FakeNode(name);
    open.add(node);
    node.register(router.address());
    return node;
  }

  RouteRequest.Builder asked(String text) {
    return TestGateway.request()
        .setModel("small")
        .setCredentials(Credentials.newBuilder().setApiKey(ByteString.copyFromUtf8(key)))
        .setLabel(Label.newBuilder().setFarthestZone(Zone.ZONE_EXTERNAL))
        .setStop(StopOptions.newBuilder().setMaxTokens(50))
        .setPrompt(
            Prompt.newBuilder()
                .setChat(
                    Chat.newBuilder()
                        .addMessages(
                            ChatMessage.newBuilder()
                                .setRole("user")
                                .addParts(ContentPart.newBuilder().setText(text)))));
  }
}
