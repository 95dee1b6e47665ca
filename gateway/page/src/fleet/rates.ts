import type { FleetView } from "../api/overview.js";

interface Seen {
  readonly incarnation: string;
  readonly tokens: number;
  readonly time: number;
  rate: number;
}

/** Points of the chart: two minutes at a view a second. */
const MOST_POINTS = 120;

/** What can be told of several views only: tokens a second by node, and how it all went lately. */
export class Rates {
  readonly #seen = new Map<string, Seen>();
  readonly times: number[] = [];
  readonly tokens: number[] = [];
  readonly streams: number[] = [];

  take(view: FleetView): void {
    const present = new Set<string>();
    let all = 0;
    let streams = 0;
    for (const node of view.nodes) {
      present.add(node.node);
      const tokens = node.models.reduce((sum, model) => sum + model.answer_tokens, 0);
      const before = this.#seen.get(node.node);
      // A node reports every half second or so: between two views there may be no news.
      const elapsed = before === undefined ? 0 : view.time_millis - before.time;
      const same = before !== undefined && before.incarnation === node.incarnation && tokens >= before.tokens && elapsed > 0;
      const rate = same ? ((tokens - before.tokens) * 1000) / elapsed : 0;
      this.#seen.set(node.node, { incarnation: node.incarnation, tokens, time: view.time_millis, rate });
      all += rate;
      streams += node.models.reduce((sum, model) => sum + model.running_sequences, 0);
    }
    for (const name of this.#seen.keys()) if (!present.has(name)) this.#seen.delete(name);
    this.times.push(view.time_millis / 1000);
    this.tokens.push(all);
    this.streams.push(streams);
    for (const points of [this.times, this.tokens, this.streams]) if (points.length > MOST_POINTS) points.shift();
  }

  of(node: string): number {
    return this.#seen.get(node)?.rate ?? 0;
  }
}
