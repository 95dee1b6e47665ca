import { describe, expect, it } from "vitest";
import type { FleetView, Happening, WatchedNode } from "../src/api/overview.js";
import { Rates } from "../src/fleet/rates.js";
import { Routers } from "../src/fleet/routers.js";
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

describe("several routers", () => {
  const node = (name: string, silent: number, attempts: number) => ({ node: name, zone: "site", state: "ready", silent_millis: silent, attempts_here: attempts, models: [] }) as unknown as WatchedNode;
  const view = (router: string, incarnation: string, nodes: readonly WatchedNode[], happenings: readonly Happening[] = [], more: object = {}) =>
    ({ router, incarnation, time_millis: 1, nodes, nodes_left_out: 0, upstreams: [], happenings, requests_in_flight: 1, requests_waiting: 2, ...more }) as FleetView;
  const joined = (sequence: number, time: number, name: string): Happening => ({ sequence, time_millis: time, node: { node: name, zone: "site", change: "joined", cause: "" } });

  it("show each node once, as the router that heard it last does, and add up what is theirs", () => {
    const routers = new Routers();
    routers.take({ number: 1, routers: 2, view: view("east", "x", [node("a", 900, 3), node("b", 10, 1)]) });
    routers.take({ number: 2, routers: 2, view: view("west", "y", [node("a", 100, 4)]) });
    expect(routers.view?.nodes.map((seen) => [seen.node, seen.silent_millis, seen.attempts_here])).toEqual([
      ["a", 100, 7],
      ["b", 10, 1],
    ]);
    expect(routers.view).toMatchObject({ requests_in_flight: 2, requests_waiting: 4 });
    expect(routers.names).toEqual(["east", "west"]);
    expect([routers.leads(1), routers.leads(2)]).toEqual([true, false]);
  });

  it("are named by their numbers, whichever tells first", () => {
    const routers = new Routers();
    routers.take({ number: 2, routers: 2, view: view("west", "y", [node("a", 100, 4)], [], { time_millis: 7 }) });
    routers.take({ number: 1, routers: 2, view: view("east", "x", [node("a", 900, 3)]) });
    expect(routers.names).toEqual(["east", "west"]);
    expect(routers.view).toMatchObject({ router: "east", time_millis: 7 });
    expect([routers.leads(1), routers.leads(2)]).toEqual([true, false]);
  });

  it("tell in one order, and of a node that both saw once", () => {
    const routers = new Routers();
    routers.take({ number: 1, routers: 2, view: view("east", "x", [], [joined(11, 1_000, "a"), placed(3_000, "r", 1, "a")]) });
    routers.take({ number: 2, routers: 2, view: view("west", "y", [], [joined(7, 1_400, "a"), joined(8, 2_000, "b"), joined(9, 60_000, "a")]) });
    expect(routers.lines.map(({ router, target, time }) => [router, target, time])).toEqual([
      [2, "a", 60_000],
      [1, "a", 3_000],
      [2, "b", 2_000],
      [2, "a", 1_400],
    ]);
    expect(routers.after).toBe("3000,9");
  });

  it("are named where they can't be reached, and the others go on", () => {
    const routers = new Routers();
    routers.take({ number: 1, routers: 2, view: view("east", "x", [node("a", 1, 1)]) });
    routers.take({ number: 2, routers: 2, problem: "can't be reached" });
    expect(routers.problems).toEqual(["Router 2 of 2 can't be reached."]);
    routers.take({ number: 1, routers: 2, problem: "can't be reached" });
    expect(routers.problems[0]).toBe("Router 1 of 2 (east) can't be reached.");
    expect(routers.view).toBeNull();
    routers.take({ number: 2, routers: 2, view: view("west", "y", [node("b", 1, 1)]) });
    expect(routers.problems).toHaveLength(1);
    expect(routers.view?.nodes.map((seen) => seen.node)).toEqual(["b"]);
    expect(routers.leads(2)).toBe(true);
  });

  it("that begin anew tell again what was told, under other numbers, and nothing stands there twice", () => {
    const routers = new Routers();
    routers.take({ number: 1, routers: 1, view: view("east", "x", [], [joined(1, 1_000, "a"), placed(2_000, "r", 1, "a"), placed(3_000, "s", 1, "a")]) });
    const again = (sequence: number, request: string, time: number): Happening => ({ ...placed(sequence, request, 1, "a"), time_millis: time });
    routers.take({ number: 1, routers: 1, view: view("east", "z", [], [again(9_001, "r", 2_000), again(9_002, "s", 3_000), again(9_003, "t", 4_000)]) });
    expect(routers.lines.map(({ requestId }) => requestId)).toEqual(["t", "s", "r", null]);
    expect(routers.after).toBe("9003");
    // Without an outbox it remembers nothing, and what the page knows stays.
    routers.take({ number: 1, routers: 1, view: view("east", "w", []) });
    expect(routers.lines).toHaveLength(4);
    expect(routers.after).toBe("0");
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
