import type { FleetPart, FleetView, WatchedNode, WatchedUpstream } from "../api/overview.js";
import { Story, type Line } from "./story.js";

/** Two routers see a node come or go within so long of each other. */
const SAME_MILLIS = 5_000;
const MOST_LINES = 300;

interface OneRouter {
  readonly story: Story;
  view: FleetView | null;
  name: string;
  incarnation: string;
  problem: string | null;
}

/** What all routers of the gateway tell of the fleet, put together: each node once, what happened in one order. */
export class Routers {
  readonly #each = new Map<number, OneRouter>();
  #count = 1;

  /** How the gateway is asked for what comes next. */
  get after(): string {
    return Array.from({ length: this.#count }, (_, at) => this.#each.get(at + 1)?.story.last ?? 0).join(",");
  }

  /** By number, whichever told first. */
  get #ordered(): readonly (readonly [number, OneRouter])[] {
    return [...this.#each].sort(([one], [two]) => one - two);
  }

  /** Takes a part; returns what has happened since, the oldest first. */
  take(part: FleetPart): readonly Line[] {
    this.#count = part.routers;
    for (const number of this.#each.keys()) if (number > part.routers) this.#each.delete(number);
    const router = this.#each.get(part.number) ?? { story: new Story(part.number), view: null, name: "", incarnation: "", problem: null };
    this.#each.set(part.number, router);
    const { view } = part;
    if (view === undefined) {
      router.problem = part.problem ?? "does not tell";
      router.view = null;
      return [];
    }
    if (router.incarnation !== view.incarnation) router.story.restart(view.happenings[0]?.time_millis ?? Infinity);
    router.view = view;
    router.name = view.router;
    router.incarnation = view.incarnation;
    router.problem = null;
    return router.story.take(view.happenings);
  }

  /** True for the router whose views set the pace where several tell. */
  leads(number: number): boolean {
    for (const [other, { view }] of this.#ordered) if (view !== null) return other === number;
    return false;
  }

  get names(): readonly string[] {
    return this.#ordered.filter(([, { view }]) => view !== null).map(([, { name }]) => name);
  }

  /** Of each router that does not tell, why. */
  get problems(): readonly string[] {
    return this.#ordered.flatMap(([number, { name, problem }]) => (problem === null ? [] : [`Router ${number} of ${this.#count}${name === "" ? "" : ` (${name})`} ${problem}.`]));
  }

  /** The newest first. */
  get lines(): readonly Line[] {
    const stories = [...this.#each.values()].map(({ story }) => story);
    if (stories.length === 1) return stories[0]?.lines ?? [];
    const all = stories.flatMap(({ lines }) => lines).sort((one, two) => two.time - one.time || two.sequence - one.sequence);
    return all.filter((line, at) => !all.slice(Math.max(0, at - 40), at).some((newer) => tellsTheSame(newer, line))).slice(0, MOST_LINES);
  }

  /** Null: no router tells anything. */
  get view(): FleetView | null {
    const views = this.#ordered.flatMap(([, { view }]) => (view === null ? [] : [view]));
    const first = views[0];
    if (first === undefined || views.length === 1) return first ?? null;
    const nodes = new Map<string, WatchedNode>();
    for (const node of views.flatMap((view) => view.nodes)) {
      const known = nodes.get(node.node);
      const fresher = known === undefined || node.silent_millis < known.silent_millis ? node : known;
      nodes.set(node.node, { ...fresher, attempts_here: node.attempts_here + (known?.attempts_here ?? 0) });
    }
    const upstreams = new Map<string, WatchedUpstream>();
    for (const upstream of views.flatMap((view) => view.upstreams)) {
      const known = upstreams.get(upstream.name);
      upstreams.set(upstream.name, known === undefined ? upstream : { ...known, in_flight: known.in_flight + upstream.in_flight, unavailable: known.unavailable === "" ? "" : upstream.unavailable });
    }
    const sum = (of: (view: FleetView) => number): number => views.reduce((total, view) => total + of(view), 0);
    return {
      ...first,
      time_millis: Math.max(...views.map((view) => view.time_millis)),
      nodes: [...nodes.values()],
      nodes_left_out: Math.max(...views.map((view) => view.nodes_left_out)),
      upstreams: [...upstreams.values()],
      requests_in_flight: sum((view) => view.requests_in_flight),
      requests_waiting: sum((view) => view.requests_waiting),
    };
  }
}

function tellsTheSame(one: Line, two: Line): boolean {
  return one.kind === "node" && two.kind === "node" && one.router !== two.router && one.target === two.target && one.reason === two.reason && Math.abs(one.time - two.time) < SAME_MILLIS;
}
