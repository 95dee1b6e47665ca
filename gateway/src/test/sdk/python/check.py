"""check.py URL MODEL: what OpenAI's Python SDK gets from a gateway. One line for each check; status 1 when one failed."""

import sys
import time
import traceback

import openai

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def ask(text):
    return [{"role": "user", "content": text}]


@check
def lists_and_finds_models(client, model):
    assert model in [entry.id for entry in client.models.list()]
    assert client.models.retrieve(model).id == model


@check
def answers_a_chat(client, model):
    answer = client.chat.completions.create(model=model, messages=ask("Say hello"), max_completion_tokens=8)
    assert answer.object == "chat.completion"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason in ("stop", "length")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.prompt_tokens > 0


@check
def streams_a_chat_with_usage(client, model):
    stream = client.chat.completions.create(
        model=model,
        messages=ask("Say hello to everybody"),
        max_tokens=8,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] in ("stop", "length")
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens > 0
    assert all(chunk.usage is None for chunk in chunks[:-1])


@check
def says_where_it_ran(client, model):
    raw = client.chat.completions.with_raw_response.create(model=model, messages=ask("Hi"), max_tokens=2)
    assert raw.headers["ringfence-node"] and raw.headers["ringfence-zone"]
    assert raw.parse().choices


@check
def same_seed_same_answer(client, model):
    texts = {
        client.chat.completions.create(
            model=model, messages=ask("Tell a story"), max_tokens=12, seed=7, temperature=1
        ).choices[0].message.content
        for _ in range(2)
    }
    assert len(texts) == 1


@check
def gives_several_choices(client, model):
    answer = client.chat.completions.create(model=model, messages=ask("Pick a colour"), n=3, max_tokens=4)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    seen = set()
    for chunk in client.chat.completions.create(
        model=model, messages=ask("Pick a colour"), n=3, max_tokens=4, stream=True
    ):
        seen.update(choice.index for choice in chunk.choices)
    assert seen == {0, 1, 2}


@check
def reports_logprobs(client, model):
    answer = client.chat.completions.create(
        model=model, messages=ask("Say hello"), max_tokens=4, logprobs=True, top_logprobs=3
    )
    tokens = answer.choices[0].logprobs.content
    assert tokens
    for token in tokens:
        assert token.logprob <= 0 and len(token.top_logprobs) == 3
        assert isinstance(token.bytes, list)


@check
def stops_at_a_string(client, model):
    answer = client.chat.completions.create(
        model=model, messages=ask("one two three four"), stop=["three"], max_tokens=24, temperature=0
    )
    assert "three" not in (answer.choices[0].message.content or "")


@check
def ends_at_the_limit(client, model):
    answer = client.chat.completions.create(
        model=model, messages=ask("Count from one to one hundred"), max_completion_tokens=2
    )
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 2


@check
def completes_text(client, model):
    answer = client.completions.create(model=model, prompt="Once upon a time", max_tokens=4, logprobs=2, echo=False)
    assert answer.object == "text_completion"
    assert len(answer.choices[0].logprobs.tokens) == len(answer.choices[0].logprobs.text_offset)
    echoed = client.completions.create(model=model, prompt="Once upon a time", max_tokens=2, echo=True)
    assert echoed.choices[0].text.startswith("Once upon a time")
    several = client.completions.create(model=model, prompt=["A b", "C d"], max_tokens=2)
    assert [choice.index for choice in several.choices] == [0, 1]
    assert "".join(
        chunk.choices[0].text
        for chunk in client.completions.create(model=model, prompt="Once upon", max_tokens=4, stream=True)
    )


@check
def raises_typed_errors(client, model):
    expect(openai.NotFoundError, "model_not_found", client, model="no-such-model")
    expect(openai.BadRequestError, "decimal_above_max_value", client, model=model, temperature=5)
    expect(openai.BadRequestError, "unsupported_value", client, model=model, response_format={"type": "json_object"})
    expect(openai.BadRequestError, "empty_array", client, model=model, messages=[])
    expect(openai.NotFoundError, "model_not_found", client, model="no-such-model", stream=True)
    try:
        client.models.retrieve("no-such-model")
        raise AssertionError("no error")
    except openai.NotFoundError:
        pass


def expect(kind, code, client, **arguments):
    arguments.setdefault("messages", ask("Hi"))
    try:
        client.chat.completions.create(**arguments)
    except openai.APIStatusError as error:
        assert isinstance(error, kind), type(error)
        assert error.code == code, error.code
        assert error.request_id
        return
    raise AssertionError("no error")


@check
def refuses_a_prompt_longer_than_the_context(client, model):
    length = client.models.retrieve(model).context_length
    if length > 65536:
        return
    try:
        client.completions.create(model=model, prompt="word " * (length + 64), max_tokens=1)
    except openai.BadRequestError as error:
        assert error.code == "context_length_exceeded", error.code
        return
    raise AssertionError("no error")


@check
def goes_on_after_a_client_left(client, model):
    for _ in range(3):
        stream = client.chat.completions.create(
            model=model, messages=ask("Count from one to one hundred"), max_tokens=256, stream=True
        )
        next(iter(stream))
        stream.close()
    assert client.chat.completions.create(model=model, messages=ask("Hi"), max_tokens=1).choices


def main():
    client = openai.OpenAI(base_url=sys.argv[1], api_key="any", max_retries=0, timeout=120)
    model = sys.argv[2]
    failed = 0
    for function in CHECKS:
        began = time.monotonic()
        try:
            function(client, model)
        except Exception:
            failed += 1
            print(f"failed python {function.__name__}")
            traceback.print_exc()
        else:
            print(f"passed python {function.__name__} ({time.monotonic() - began:.2f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
