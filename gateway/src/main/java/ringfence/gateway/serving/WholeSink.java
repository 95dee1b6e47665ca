package ringfence.gateway.serving;

import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.openai.AnswerFormat;
import ringfence.gateway.openai.ApiError;
import ringfence.gateway.openai.Choice;
import ringfence.gateway.openai.Tally;
import ringfence.proto.v1.Finish;
import ringfence.proto.v1.Placement;
import ringfence.proto.v1.Token;

/// An answer as one JSON body.
final class WholeSink implements AnswerSink {
  private final RoutingContext context;
  private final AnswerFormat format;
  private final long arrivedNanos;
  private final List<Choice> choices;
  private @Nullable Placement latest;

  WholeSink(RoutingContext context, AnswerFormat format, long arrivedNanos, int choices) {
    this.context = context;
    this.format = format;
    this.arrivedNanos = arrivedNanos;
    this.choices = IntStream.range(0, choices).mapToObj(i -> new Choice()).toList();
  }

  /// The last placement is the one that answered.
  @Override
  public void placed(Placement placement) {
    latest = placement;
  }

  @Override
  public void open() {}

  @Override
  public void begin(int choice, String echo) {
    choices.get(choice).begin(echo);
  }

  @Override
  public void token(int choice, Token token) {
    choices.get(choice).add(token);
  }

  @Override
  public void finish(int choice, Finish finish) {
    choices.get(choice).end(finish);
  }

  @Override
  public void complete(Tally tally) {
    Reply.placed(context, latest, arrivedNanos);
    Reply.json(context, 200, format.whole(choices, tally));
  }

  @Override
  public void fail(ApiError error) {
    Reply.placed(context, latest, arrivedNanos);
    Reply.error(context, error);
  }

  @Override
  public void whenRoom(Runnable more) {
    more.run();
  }

  @Override
  public void release() {}
}
