"""Writes templates/cases.json and templates/goldens.json: conversations, and what Jinja makes of them with each template.

Usage: make_templates.py OUT_DIR    (OUT_DIR/jinja holds the templates)
"""

import json
import pathlib
import sys

import jinja2

import templating

TOKENS = {
    "llama-3": ("<|begin_of_text|>", "<|eot_id|>"), "llama-3.1": ("<|begin_of_text|>", "<|eot_id|>"),
    "llama-3.2": ("<|begin_of_text|>", "<|eot_id|>"), "llama-3.3": ("<|begin_of_text|>", "<|eot_id|>"),
    "hermes-3-tools": ("<|begin_of_text|>", "<|im_end|>"),
    "gemma-1": ("<bos>", "<eos>"), "gemma-2": ("<bos>", "<eos>"), "gemma-3": ("<bos>", "<eos>"), "gemma-4": ("<bos>", "<eos>"),
    "qwen2.5": ("", "<|im_end|>"), "qwen2.5-coder": ("<|endoftext|>", "<|im_end|>"), "qwen3": ("", "<|im_end|>"),
    "smollm2": ("<|im_start|>", "<|im_end|>"),
    "deepseek-v2": ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
    "deepseek-v3.1": ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
    "deepseek-v3.2": ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
    "deepseek-r1-distill-llama": ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
    "deepseek-r1-distill-qwen": ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
    "deepseek-r1-tools": ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
}
DEFAULT_TOKENS = ("<s>", "</s>")
# The families that the project promises; the others are a stress for the engine.
CORE = ("llama-3", "qwen2.5", "qwen3", "smollm2", "gemma-1", "gemma-2", "gemma-3", "mistral-7b", "mistral-nemo", "mistral-v3", "mistral-v7",
        "phi-", "deepseek-", "chatml")


def user(content):
    return {"role": "user", "content": content}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


def system(content):
    return {"role": "system", "content": content}


def call(name, arguments, identity):
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


def result(content, identity, name):
    return {"role": "tool", "content": content, "tool_call_id": identity, "name": name}


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather at a place.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "City, e.g. \"Zürich\" or 北京"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
                "days": {"type": "integer", "description": "How many days", "minimum": 1},
            },
            "required": ["city"],
        },
    },
}
ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Adds two numbers <a> & 'b'.",
        "parameters": {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}, "required": ["a", "b"]},
    },
}
ODD = {"x": 1.0, "big": 1e20, "small": -2.5e-07, "n": None, "yes": True, "no": False, "s": "quote \" back \\ line\n é 中 😀 </script> 'x'",
       "list": [1, [2, {}], []], "nested": {"a": {"b": "c"}}, "int": 12345678901234567890}
TALK = [user("Hi there"), assistant("Hello! How can I help?"), user("Tell me a joke.")]

CASES = {
    "user": dict(messages=[user("Hello, how are you?")], add_generation_prompt=True),
    "user-no-prompt": dict(messages=[user("Hello, how are you?")], add_generation_prompt=False),
    "prompt-undefined": dict(messages=[user("Hello, how are you?")]),
    "system": dict(messages=[system("You are a pirate."), user("Hello!")], add_generation_prompt=True),
    "turns": dict(messages=TALK, add_generation_prompt=True),
    "turns-system-no-prompt": dict(messages=[system("Be brief."), *TALK, assistant("Why did the chicken cross the road?")],
                                   add_generation_prompt=False),
    "unicode": dict(messages=[system("Antworte höflich. 请有礼貌。"), user("👩‍🚀 Größe? «é» 你好 مرحبا"), assistant("😀 日本語"), user("ok\u00a0\u200d")],
                    add_generation_prompt=True),
    "empty-content": dict(messages=[system(""), user(""), assistant(""), user("")], add_generation_prompt=True),
    "spellings": dict(messages=[user("{{ messages }} {% if x %} {# c #} <|im_end|> <|eot_id|> </s> [/INST] <end_of_turn> }} %}"),
                                assistant("<|im_start|>system\n{{ 7 * 7 }}<|im_end|>"), user("'\"\\n\\ \\u0041")], add_generation_prompt=True),
    "white-space": dict(messages=[system("  sys \n"), user("\n\n  padded \t\n"), assistant(" answer  \n\n"), user("\r\nx\r\n")],
                        add_generation_prompt=True),
    "tools": dict(messages=[system("Use tools."), user("Weather in Zürich?")], tools=[WEATHER, ADD], add_generation_prompt=True),
    "tools-no-system": dict(messages=[user("Weather in Zürich?")], tools=[WEATHER], add_generation_prompt=True),
    "tools-none": dict(messages=[user("Hi")], tools=None, documents=None, add_generation_prompt=True),
    "tool-call": dict(
        messages=[user("Weather in Zürich?"), assistant("", tool_calls=[call("get_weather", {"city": "Zürich", "days": 2}, "abcdefgh1")]),
                  result('{"temp": 21.5, "sky": "clear"}', "abcdefgh1", "get_weather")], tools=[WEATHER], add_generation_prompt=True),
    "tool-call-null": dict(
        messages=[user("Weather?"), assistant(None, tool_calls=[call("get_weather", ODD, "abcdefgh1")]),
                  result("sunny", "abcdefgh1", "get_weather"), assistant("It is sunny."), user("Thanks!")], tools=[WEATHER],
        add_generation_prompt=True),
    "tool-calls-parallel": dict(
        messages=[system("Use tools."), user("Both, please."),
                  assistant("Let me look.", tool_calls=[call("get_weather", {"city": "Paris"}, "abcdefgh1"), call("add", {"a": 1, "b": 2.5}, "abcdefgh2")]),
                  result("rain", "abcdefgh1", "get_weather"), result("3.5", "abcdefgh2", "add")], tools=[WEATHER, ADD], add_generation_prompt=True),
    "tool-call-text": dict(
        messages=[user("Add."), assistant(None, tool_calls=[call("add", '{"a": 1, "b": 2}', "abcdefgh1")]), result("3", "abcdefgh1", "add"),
                  assistant("3")], tools=[ADD], add_generation_prompt=False),
    "tool-call-bare": dict(messages=[user("Add."), {"role": "assistant", "tool_calls": [{"name": "add", "arguments": {"a": 1}}]},
                                     {"role": "tool", "content": "1"}], add_generation_prompt=True),
    "two-users": dict(messages=[user("one"), user("two")], add_generation_prompt=True),
    "assistant-first": dict(messages=[assistant("I begin."), user("Oh.")], add_generation_prompt=True),
    "system-late": dict(messages=[user("one"), system("Now be terse."), user("two")], add_generation_prompt=True),
    "two-systems": dict(messages=[system("A"), system("B"), user("C")], add_generation_prompt=True),
    "unknown-role": dict(messages=[user("one"), {"role": "critic", "content": "Hm."}], add_generation_prompt=True),
    "parts": dict(messages=[user([{"type": "text", "text": "Look: "}, {"type": "image"}, {"type": "text", "text": " what is it?"}])],
                  add_generation_prompt=True),
    "thinking": dict(messages=[user("2+2?"), assistant("<think>\nadd\n</think>\n\n4"), user("3+3?")], add_generation_prompt=True),
    "thinking-field": dict(messages=[user("2+2?"), assistant("4", reasoning_content="add them"), user("3+3?"), assistant("6", reasoning_content="again")],
                           add_generation_prompt=False),
    "thinking-off": dict(messages=[system("Be brief."), user("2+2?")], enable_thinking=False, thinking=False, reasoning_effort="low", add_generation_prompt=True),
    "thinking-on": dict(messages=[user("2+2?")], enable_thinking=True, thinking=True, add_generation_prompt=True),
    "assistant-last": dict(messages=[user("Say it"), assistant("It is")], add_generation_prompt=True),
    "empty": dict(messages=[], add_generation_prompt=True),
    "llama-options": dict(messages=[system("Use tools."), user("Weather?"), {"role": "ipython", "content": {"a": [1, None]}}], tools=[WEATHER],
                          tools_in_user_message=False, date_string="01 Feb 2026", builtin_tools=["brave_search", "code_interpreter"],
                          add_generation_prompt=True),
}


class Raised(jinja2.exceptions.TemplateError):
    pass


def render(text, variables):
    try:
        return {"output": templating.compile_template(text)(**variables)}
    except jinja2.exceptions.TemplateError as error:
        plain = type(error) is jinja2.exceptions.TemplateError
        return {"raised" if plain else "error": str(error)} | ({} if plain else {"kind": type(error).__name__})
    except Exception as error:  # Python's own: adding None to a string and the like
        return {"error": str(error), "kind": type(error).__name__}


def main():
    out = pathlib.Path(sys.argv[1])
    goldens, counts = [], {"output": 0, "raised": 0, "error": 0}
    for path in sorted((out / "jinja").glob("*.jinja")):
        text = path.read_bytes().decode()
        bos, eos = TOKENS.get(path.stem, DEFAULT_TOKENS)
        for case, variables in CASES.items():
            found = render(text, {"bos_token": bos, "eos_token": eos, **variables})
            counts[next(k for k in counts if k in found)] += 1
            goldens.append({"template": path.stem, "case": case, **found})
    tokens = {path.stem: dict(zip(("bos_token", "eos_token"), TOKENS.get(path.stem, DEFAULT_TOKENS)))
              for path in sorted((out / "jinja").glob("*.jinja"))}
    core = [name for name in tokens if name.startswith(CORE) and name != "qwen3.5"]
    cases = {"now": templating.NOW.isoformat(), "core": core, "tokens": tokens, "cases": CASES}
    (out / "cases.json").write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")
    lines = ",\n".join(json.dumps(g, ensure_ascii=False, separators=(",", ":")) for g in goldens)
    (out / "goldens.json").write_text("[\n" + lines + "\n]\n")
    print(len(goldens), counts)


if __name__ == "__main__":
    main()
