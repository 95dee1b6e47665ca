import { describe, expect, it } from "vitest";
import { StreamReader } from "../src/api/sse.js";
import { nothingYet, take, tokensPerSecond } from "../src/chat/ask.js";
import { pieces } from "../src/chat/highlight.js";
import { titleOf } from "../src/chat/history.js";
import { parseExplanation, parsePlacement } from "../src/chat/placement.js";

describe("a stream's parts", () => {
  const stream = ': \n\ndata: {"a":1}\n\n: ringfence-placement zone=site; node=b\r\n\r\ndata: one\ndata: two\n\ndata: [DONE]\n\n';
  const parts = [
    { kind: "comment", text: "" },
    { kind: "data", data: '{"a":1}' },
    { kind: "comment", text: "ringfence-placement zone=site; node=b" },
    { kind: "data", data: "one\ntwo" },
    { kind: "data", data: "[DONE]" },
  ];

  it("are the same wherever the text is cut", () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const reader = new StreamReader();
      expect([...reader.push(stream.slice(0, cut)), ...reader.push(stream.slice(cut))]).toEqual(parts);
    }
  });

  it("do not grow without end", () => {
    const reader = new StreamReader();
    reader.push(`data: ${"x".repeat(3_000_000)}`);
    expect(() => reader.push("x".repeat(3_000_000))).toThrow("4 MiB");
  });
});

describe("an answer", () => {
  it("is what its chunks say", () => {
    const progress = nothingYet();
    take({ id: "chatcmpl-1", choices: [{ delta: { content: "" } }] }, progress, 5);
    take({ id: "chatcmpl-1", choices: [{ delta: { content: "Hel" } }] }, progress, 100);
    take({ id: "chatcmpl-1", choices: [{ delta: { content: "lo" }, finish_reason: "stop" }] }, progress, 600);
    take({ id: "chatcmpl-1", choices: [], usage: { prompt_tokens: 7, completion_tokens: 11 } }, progress, 601);
    expect(progress).toMatchObject({ id: "chatcmpl-1", text: "Hello", firstMillis: 100, lastMillis: 600, finish: "stop", promptTokens: 7, answerTokens: 11 });
    expect(tokensPerSecond(progress)).toBe(20);
  });

  it("has no speed before there is one", () => {
    const progress = nothingYet();
    take({ choices: [{ delta: { content: "a" } }], usage: { completion_tokens: 1 } }, progress, 100);
    expect(tokensPerSecond(progress)).toBeNull();
  });

  it("ends with an error that the stream tells", () => {
    expect(() => take({ error: { message: "the node died", code: "target_lost" } }, nothingYet(), 1)).toThrow("the node died");
  });
});

describe("where it ran", () => {
  it("is read from the headers", () => {
    expect(parsePlacement("zone=site; node=node-1; reason=finish-time", "2")).toEqual({ attempt: 2, zone: "site", node: "node-1", reason: "finish-time" });
    expect(parsePlacement("zone=nowhere; node=n; reason=", null)).toEqual({ attempt: 1, zone: null, node: "n", reason: "" });
    expect(parsePlacement("nonsense", null)).toBeNull();
    expect(parsePlacement(null, "1")).toBeNull();
  });

  it("is explained by well-formed entries alone", () => {
    const header = JSON.stringify([{ target: "a", zone: "device", chosen: true, decided_by: "score", why: "first", predicted_ms: 12 }, { zone: "site" }, null, "x"]);
    expect(parseExplanation(header)).toEqual([{ target: "a", zone: "device", chosen: true, decidedBy: "score", why: "first", predictedMillis: 12 }]);
    expect(parseExplanation("[")).toEqual([]);
    expect(parseExplanation('{"target":"a"}')).toEqual([]);
  });
});

describe("code", () => {
  it("keeps every character", () => {
    const source = "// a\nint x = 0x1F; String s = \"a\\\"b\";\n/* open";
    for (const language of ["java", "py", "sql", "", "brainfuck"]) {
      expect(pieces(source, language).map(({ text }) => text).join("")).toBe(source);
    }
  });

  it("tells comments, strings, numbers and keywords", () => {
    const kinds = (source: string, language: string) => pieces(source, language).filter(({ kind }) => kind !== "plain");
    expect(kinds("return f(1) # no\n'a'", "python")).toEqual([
      { kind: "keyword", text: "return" },
      { kind: "name", text: "f" },
      { kind: "number", text: "1" },
      { kind: "comment", text: "# no" },
      { kind: "string", text: "'a'" },
    ]);
    expect(kinds("return", "text")).toEqual([]);
  });

  it("does not hang on what looks like the beginning of a string", () => {
    expect(pieces("\\'\"`".repeat(10_000), "js").length).toBeGreaterThan(0);
  });
});

describe("a title", () => {
  it("is short and of one line", () => {
    expect(titleOf(" a\n b ")).toBe("a b");
    expect(titleOf("x".repeat(100))).toHaveLength(58);
    expect(titleOf("  ")).toBe("Untitled");
  });
});
