import { describe, expect, it } from "vitest";
import type { FleetView, Happening, WatchedNode } from "../src/api/overview.js";
import { Rates } from "../src/fleet/rates.js";
import { Story } from "../src/fleet/story.js";
import { money, until } from "../src/keys/budget.js";
import { bytes, duration, rate } from "../src/ui/numbers.js";

const placed = (sequence: number, request: string, attempt: number, target: string): Happening => ({
  sequence,
  time_millis: sequence,
  placed: { request_id: request, tenant: "t", model: "m", attempt, target, zone: "site", decided_by: "finish-time", predicted_millis: 10, looked_at: 2 },
});
const over = (sequence: number, request: string, attempt: number, target: string, outcome: string): Happening => ({
  sequence,
  time_millis: sequence,
  over: { request_id: request, attempt, target, zone: "site", outcome, tenant: "t" },
});

describe("what happened", () => {
  it("tells a second attempt as a move, with why the first one ended", () => {
    const story = new Story();
    story.take([placed(1, "a", 1, "one"), placed(2, "b", 1, "one")]);
    story.take([over(3, "a", 1, "one", "target_lost"), placed(4, "a", 2, "two"), over(5, "b", 1, "one", "completed")]);
    expect(story.lines.map(({ kind, target, from, reason }) => [kind, target, from, reason])).toEqual([
      ["moved", "two", "one", "target_lost"],
      ["failed", "one", null, "target_lost"],
      ["placed", "one", null, "finish-time"],
      ["placed", "one", null, "finish-time"],
    ]);
    expect(story.last).toBe(5);
  });

  it("tells what moved before its first attempt ended by what decided", () => {
    const story = new Story();
    story.take([placed(1, "a", 1, "one"), placed(2, "a", 2, "two")]);
    expect(story.lines[0]).toMatchObject({ kind: "moved", from: "one", reason: "finish-time" });
  });

  it("holds a bounded number of lines", () => {
    const story = new Story();
    for (let i = 0; i < 5_000; i++) story.take([placed(i + 1, `r${i}`, 1, "one")]);
    expect(story.lines).toHaveLength(300);
    expect(story.lines[0]?.requestId).toBe("r4999");
    // So old a request is forgotten: a later attempt is no move any more.
    story.take([placed(6_000, "r0", 2, "two")]);
    expect(story.lines[0]?.kind).toBe("placed");
  });

  it("says why a node left", () => {
    const story = new Story();
    story.take([{ sequence: 1, time_millis: 1, node: { node: "one", zone: "site", change: "left", cause: "its stream broke" } }]);
    expect(story.lines[0]).toMatchObject({ kind: "node", reason: "left: its stream broke" });
  });
});

describe("rates", () => {
  const node = (name: string, incarnation: string, tokens: number) => ({ node: name, incarnation, models: [{ answer_tokens: tokens, running_sequences: 2 }] }) as unknown as WatchedNode;
  const view = (time: number, ...nodes: WatchedNode[]) => ({ time_millis: time, nodes }) as unknown as FleetView;

  it("are the tokens between two views of the same process", () => {
    const rates = new Rates();
    rates.take(view(1_000, node("a", "x", 100)));
    expect(rates.of("a")).toBe(0);
    rates.take(view(3_000, node("a", "x", 160)));
    expect(rates.of("a")).toBe(30);
    rates.take(view(4_000, node("a", "y", 500)));
    expect(rates.of("a")).toBe(0);
    rates.take(view(5_000));
    expect(rates.of("a")).toBe(0);
    expect(rates.tokens).toEqual([0, 30, 0, 0]);
    expect(rates.streams).toEqual([2, 2, 2, 0]);
  });

  it("reach two minutes back", () => {
    const rates = new Rates();
    for (let i = 0; i < 500; i++) rates.take(view(i * 1000));
    expect(rates.times).toHaveLength(120);
  });
});

describe("numbers", () => {
  it("are told as people read them", () => {
    expect([duration(12), duration(1_234), duration(61_000), duration(3_660_000)]).toEqual(["12 ms", "1.23 s", "1 min 1 s", "1 h 1 min"]);
    expect([bytes(1_023), bytes(1_536), bytes(1024 ** 4)]).toEqual(["1023 B", "1.5 KiB", "1.0 TiB"]);
    expect([rate(9.96), rate(1_234.5)]).toEqual(["10.0", "1,235"]);
    expect([money(4_500_000_000), money(1)]).toEqual(["4.50", "0.00"]);
    const noon = new Date(2026, 5, 5, 12).getTime();
    expect(until(noon, noon)).toBe("until 12:00");
    expect(until(noon, noon - 86_400_000)).toContain("5");
  });
});
