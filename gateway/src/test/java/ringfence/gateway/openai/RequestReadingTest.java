package ringfence.gateway.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringfence.proto.v1.Chat;
import ringfence.proto.v1.RouteRequest;

class RequestReadingTest {
  private static final String USER = "{\"role\":\"user\",\"content\":\"x\"}";

  private static ChatRequest chat(String json) {
    return ChatRequest.read(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  private static CompletionRequest completion(String json) {
    return CompletionRequest.read(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  /// The field is added to a request that is right without it.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'temperature':2.01 | temperature | decimal_above_max_value",
        "'temperature':-1 | temperature | decimal_below_min_value",
        "'temperature':1e400 | temperature | decimal_above_max_value",
        "'temperature':'1' | temperature | invalid_type",
        "'top_p':1.5 | top_p | decimal_above_max_value",
        "'n':0 | n | integer_below_min_value",
        "'n':129 | n | integer_above_max_value",
        "'n':1.5 | n | invalid_type",
        "'n':99999999999999999999 | n | integer_above_max_value",
        "'max_tokens':0 | max_tokens | integer_below_min_value",
        "'max_tokens':1,'max_completion_tokens':1 | max_tokens | invalid_parameter_combination",
        "'stop':'' | stop | empty_string",
        "'stop':['a','b','c','d','e','f','g','h','i','j','k','l','m','n','o','p','q'] | stop | array_above_max_length",
        "'stop':[1] | stop[0] | invalid_type",
        "'stop':{} | stop | invalid_type",
        "'top_logprobs':2 | top_logprobs | ",
        "'logprobs':true,'top_logprobs':21 | top_logprobs | integer_above_max_value",
        "'logit_bias':{'x':1} | logit_bias | invalid_value",
        "'logit_bias':{'1':101} | logit_bias.1 | decimal_above_max_value",
        "'stream_options':{'include_usage':true} | stream_options | ",
        "'stream':true,'stream_options':{'no':1} | stream_options.no | unknown_parameter",
        "'frequency_penalty':3 | frequency_penalty | decimal_above_max_value",
        "'response_format':{'type':'json_object'} | response_format | unsupported_value",
        "'response_format':{'type':'json_schema','json_schema':{}} | response_format | unsupported_value",
        "'tool_choice':'required' | tool_choice | invalid_value",
        "'tool_choice':{'type':'function','function':{'name':'f'}} | tool_choice | invalid_value",
        "'tool_choice':{'type':'custom','custom':{'name':'f'}} | tool_choice.type | unsupported_value",
        "'tool_choice':{'type':'function','function':{'name':'f','more':1}} | tool_choice.function.more | unknown_parameter",
        "'tool_choice':{'type':'function'} | tool_choice.function.name | missing_required_parameter",
        "'tool_choice':'perhaps' | tool_choice | invalid_value",
        "'tools':[{'type':'function','function':{}}] | tools[0].function.name | missing_required_parameter",
        "'tools':[{'type':'code'}] | tools[0].type | unsupported_value",
        "'audio':{} | audio | unsupported_parameter",
        "'modalities':['text','audio'] | modalities | unsupported_value",
        "'functions':[] | functions | unsupported_parameter",
        "'guided_json':{} | guided_json | unsupported_parameter",
        "'min_tokens':3 | min_tokens | unsupported_parameter",
        "'no_such_thing':1 | no_such_thing | unknown_parameter",
        "'continue_final_message':true | continue_final_message | invalid_value",
        "'chat_template_kwargs':[] | chat_template_kwargs | invalid_type",
      })
  void namesWhatIsWrongWithAChat(String field, String parameter, String code) {
    ApiError error =
        catchThrowableOfType(
            ApiError.class, () -> chat("{'model':'m','messages':[" + USER + "]," + field + "}"));
    assertThat(error).isNotNull();
    assertThat(error.status()).isEqualTo(400);
    assertThat(error.parameter()).isEqualTo(parameter);
    assertThat(error.code()).isEqualTo(code);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[] | messages | empty_array",
        "{} | messages | invalid_type",
        "[1] | messages[0] | invalid_type",
        "[{'content':'x'}] | messages[0].role | missing_required_parameter",
        "[{'role':'king','content':'x'}] | messages[0].role | invalid_value",
        "[{'role':'user'}] | messages[0].content | missing_required_parameter",
        "[{'role':'user','content':null}] | messages[0].content | missing_required_parameter",
        "[{'role':'user','content':7}] | messages[0].content | invalid_type",
        "[{'role':'user','content':[{'type':'image_url','image_url':{'url':'data:'}}]}] | messages[0].content[0].type | unsupported_value",
        "[{'role':'user','content':[{'type':'input_audio'}]}] | messages[0].content[0].type | unsupported_value",
        "[{'role':'user','content':[{'type':'text'}]}] | messages[0].content[0].text | missing_required_parameter",
        "[{'role':'tool','content':'x'}] | messages[0].tool_call_id | missing_required_parameter",
        "[{'role':'user','content':'x','tool_calls':[{'id':'1','type':'function','function':{'name':'f','arguments':''}}]}] | messages[0].tool_calls | invalid_value",
      })
  void namesWhatIsWrongWithAMessage(String messages, String parameter, String code) {
    ApiError error =
        catchThrowableOfType(
            ApiError.class, () -> chat("{'model':'m','messages':" + messages + "}"));
    assertThat(error).isNotNull();
    assertThat(error.parameter()).isEqualTo(parameter);
    assertThat(error.code()).isEqualTo(code);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'prompt':[] | prompt | empty_array",
        "'prompt':{} | prompt | invalid_type",
        "'prompt':[[]] | prompt[0] | empty_array",
        "'prompt':[1,'a'] | prompt[1] | invalid_type",
        "'prompt':['a',1] | prompt[1] | invalid_type",
        "'prompt':[-1] | prompt[0] | integer_below_min_value",
        "'prompt':'a','suffix':'b' | suffix | unsupported_parameter",
        "'prompt':'a','best_of':3 | best_of | unsupported_value",
        "'prompt':'a','logprobs':21 | logprobs | integer_above_max_value",
        "'prompt':'a','echo':true,'logprobs':1 | echo | unsupported_value",
        "'prompt':['a','b'],'n':100 | n | integer_above_max_value",
        "'n':1 | prompt | missing_required_parameter",
      })
  void namesWhatIsWrongWithACompletion(String fields, String parameter, String code) {
    ApiError error =
        catchThrowableOfType(ApiError.class, () -> completion("{'model':'m'," + fields + "}"));
    assertThat(error).isNotNull();
    assertThat(error.parameter()).isEqualTo(parameter);
    assertThat(error.code()).isEqualTo(code);
  }

  @Test
  void needsAModel() {
    assertThatThrownBy(() -> chat("{'messages':[" + USER + "]}"))
        .hasMessage("Missing required parameter: 'model'.");
  }

  @Test
  void acceptsEveryKindOfMessage() {
    RouteRequest route =
        RequestMapping.toRoute(
                chat(
                    """
                    {'model':'m','tool_choice':'auto','chat_template_kwargs':{'enable_thinking':false},
                     'tools':[{'type':'function','function':{'name':'f','description':'d','parameters':{'type':'object'},'strict':false}}],
                     'messages':[
                      {'role':'system','content':'s'},{'role':'developer','content':[{'type':'text','text':'d'}]},
                      {'role':'user','name':'ann','content':[{'type':'text','text':'a'},{'type':'text','text':'b'}]},
                      {'role':'assistant','content':null,'refusal':null,'tool_calls':[{'id':'c1','type':'function','function':{'name':'f','arguments':'{}'}}]},
                      {'role':'tool','tool_call_id':'c1','content':'r'},
                      {'role':'assistant','content':'','reasoning_content':'why'}]}
                    """))
            .build();
    var messages = route.getPrompt().getChat().getMessagesList();
    assertThat(messages).hasSize(6);
    assertThat(messages.get(2).getPartsList()).extracting("text").containsExactly("a", "b");
    assertThat(messages.get(2).getName()).isEqualTo("ann");
    assertThat(messages.get(3).getPartsList()).isEmpty();
    assertThat(messages.get(3).getToolCalls(0).getArgumentsJson()).isEqualTo("{}");
    assertThat(messages.get(4).getToolCallId()).isEqualTo("c1");
    assertThat(messages.get(5).getReasoningContent()).isEqualTo("why");
    assertThat(route.getPrompt().getChat().getTools(0).getParametersJson())
        .isEqualTo("{\"type\":\"object\"}");
    assertThat(route.getPrompt().getChat().getTemplateArgumentsJson())
        .isEqualTo("{\"enable_thinking\":false}");
  }

  @Test
  void toolChoiceNoneKeepsTheToolsFromTheModel() {
    assertThat(
            chat("{'model':'m','tool_choice':'none','tools':[{'type':'function','function':{'name':'f'}}],'messages':["
                    + USER
                    + "]}")
                .tools())
        .isEmpty();
  }

  @Test
  void aToolThatMustBeCalledIsSaidToTheRouter() {
    String tools =
        "'tools':[{'type':'function','function':{'name':'f'}}],'messages':[" + USER + "]";
    assertThat(
            routed(
                "{'model':'m','tool_choice':'required','parallel_tool_calls':false," + tools + "}"))
        .satisfies(chat -> {
          assertThat(chat.getAnyTool()).isTrue();
          assertThat(chat.hasParallelToolCalls()).isTrue();
          assertThat(chat.getParallelToolCalls()).isFalse();
        });
    assertThat(
            routed(
                    "{'model':'m','tool_choice':{'type':'function','function':{'name':'f'}},"
                        + tools
                        + "}")
                .getNamedTool())
        .isEqualTo("f");
    assertThat(routed("{'model':'m','tool_choice':'auto'," + tools + "}").getMustCallCase())
        .isEqualTo(Chat.MustCallCase.MUSTCALL_NOT_SET);
  }

  private static Chat routed(String body) {
    return RequestMapping.toRoute(chat(body)).getPrompt().getChat();
  }

  @Test
  void nullIsAbsent() {
    ChatRequest request =
        chat(
            "{'model':'m','messages':["
                + USER
                + "],'stop':null,'temperature':null,'nonsense':null}");
    assertThat(request.options().temperature()).isNull();
  }

  @Test
  void readsAllFourKindsOfPrompt() {
    assertThat(completion("{'model':'m','prompt':'a'}").prompts()).hasSize(1);
    assertThat(completion("{'model':'m','prompt':['a','b']}").prompts()).hasSize(2);
    assertThat(completion("{'model':'m','prompt':[[1,2],[3]]}").prompts()).hasSize(2);
    CompletionRequest ids = completion("{'model':'m','prompt':[1,2,3]}");
    assertThat(RequestMapping.toRoutes(ids).getFirst().getPrompt().getTokenIds().getIdsList())
        .containsExactly(1, 2, 3);
    assertThat(ids.options().maxTokens()).isEqualTo(16);
  }

  @Test
  void printsNoContent() {
    ChatRequest request =
        chat("{'model':'m','stop':'hush','messages':[{'role':'user','content':'hush'}]}");
    assertThat(request + " " + request.messages() + request.options()).doesNotContain("hush");
    CompletionRequest plain = completion("{'model':'m','prompt':'hush'}");
    assertThat(plain + " " + plain.prompts()).doesNotContain("hush");
  }

  @Test
  void aSyntaxErrorSaysWhereAndNotWhat() {
    ApiError error =
        catchThrowableOfType(ApiError.class, () -> chat("{'model':'m',\n 'messages': hush}"));
    assertThat(error.getMessage()).contains("line 2").doesNotContain("hush");
  }

  /// Each beginning is of an order of bytes in UTF-32 that Jackson refuses before it parses
  /// anything.
  @ParameterizedTest
  @CsvSource({"00007b00", "007b0000", "0000fffe", "feff0000"})
  void anEncodingThatNobodyUsesIsTheClientsError(String beginning) {
    byte[] body = java.util.HexFormat.of().parseHex(beginning);
    var error = catchThrowableOfType(ApiError.class, () -> ChatRequest.read(body));
    assertThat(error.status()).isEqualTo(400);
    assertThat(error).hasMessageContaining("UTF-8");
  }
}
