import type { Happening } from "../api/overview.js";
import type { Zone } from "../api/zones.js";

/** A line of the timeline. */
export interface Line {
  /** Number of the router that tells it. */
  readonly router: number;
  readonly sequence: number;
  readonly time: number;
  readonly kind: "placed" | "moved" | "failed" | "node";
  readonly target: string;
  readonly zone: Zone;
  /** Where it ran before, of one that moved. */
  readonly from: string | null;
  readonly requestId: string | null;
  readonly tenant: string;
  readonly model: string;
  readonly attempt: number;
  /** Machine-readable: what decided, or what happened. */
  readonly reason: string;
  readonly predictedMillis: number | null;
}

/** Of lines, and of requests whose last attempt is remembered. */
const MOST_LINES = 300;
const MOST_REQUESTS = 2_000;

interface Attempt {
  readonly target: string;
  outcome: string | null;
}

/** Makes a story of what happens: an attempt after another one is a move, with the reason of the first one's end. */
export class Story {
  readonly #attempts = new Map<string, Attempt>();
  #lines: Line[] = [];
  last = 0;
  readonly #router: number;

  constructor(router = 1) {
    this.#router = router;
  }

  /** The newest first. */
  get lines(): readonly Line[] {
    return this.#lines;
  }

  /** Takes what has happened since the last time; returns the new lines, the oldest first. */
  take(happenings: readonly Happening[]): readonly Line[] {
    const fresh = happenings.flatMap((happening) => {
      this.last = Math.max(this.last, happening.sequence);
      return this.#line(happening);
    });
    this.#lines = [...fresh.toReversed(), ...this.#lines].slice(0, MOST_LINES);
    return fresh;
  }

  /** The router began anew: what it tells again from its outbox, from that time on, takes the place of what was told before. */
  restart(time: number): void {
    this.last = 0;
    this.#attempts.clear();
    this.#lines = this.#lines.filter((line) => line.time < time);
  }

  #line({ sequence, time_millis: time, placed, over, node }: Happening): readonly Line[] {
    const nothing = { router: this.#router, from: null, requestId: null, tenant: "", model: "", attempt: 0, predictedMillis: null };
    if (node !== undefined) {
      return [{ ...nothing, sequence, time, kind: "node", target: node.node, zone: node.zone, reason: node.cause === "" ? node.change : `${node.change}: ${node.cause}` }];
    }
    if (placed !== undefined) {
      const before = this.#attempts.get(placed.request_id);
      this.#remember(placed.request_id, { target: placed.target, outcome: null });
      const moved = placed.attempt > 1 && before !== undefined;
      return [
        {
          router: this.#router,
          sequence,
          time,
          kind: moved ? "moved" : "placed",
          target: placed.target,
          zone: placed.zone,
          from: moved ? before.target : null,
          requestId: placed.request_id,
          tenant: placed.tenant,
          model: placed.model,
          attempt: placed.attempt,
          reason: moved ? (before.outcome ?? placed.decided_by) : placed.decided_by,
          predictedMillis: placed.predicted_millis,
        },
      ];
    }
    if (over !== undefined) {
      const attempt = this.#attempts.get(over.request_id);
      if (attempt?.target === over.target) attempt.outcome = over.outcome;
      const told = over.outcome !== "completed" && over.outcome !== "cancelled";
      return told ? [{ ...nothing, sequence, time, kind: "failed", target: over.target, zone: over.zone, requestId: over.request_id, tenant: over.tenant, attempt: over.attempt, reason: over.outcome }] : [];
    }
    return [];
  }

  #remember(requestId: string, attempt: Attempt): void {
    this.#attempts.delete(requestId);
    this.#attempts.set(requestId, attempt);
    if (this.#attempts.size > MOST_REQUESTS) {
      for (const oldest of this.#attempts.keys()) {
        this.#attempts.delete(oldest);
        break;
      }
    }
  }
}
