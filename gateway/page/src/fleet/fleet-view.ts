import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { ApiError, call, errorFrom, messageOf, session } from "../api/client.js";
import { drain, FLEET, whoAmI, type FleetPart, type FleetView as Fleet, type Me, type WatchedNode } from "../api/overview.js";
import { readStream } from "../api/sse.js";
import { ZONE_MEANING, ZONES, type Zone } from "../api/zones.js";
import { announce } from "../ui/announce.js";
import { icon } from "../ui/icons.js";
import { count, duration, rate } from "../ui/numbers.js";
import { View } from "../ui/view.js";
import { zoneBadge } from "../ui/zone.js";
import "./chart.js";
import type { FleetChart } from "./chart.js";
import { nodeCard, upstreamCard } from "./node-card.js";
import { Rates } from "./rates.js";
import { Routers } from "./routers.js";
import type { Line } from "./story.js";

/** A node that left stays in sight for so long. */
const GONE_MILLIS = 60_000;
const AGAIN_LEAST_MILLIS = 1_000;
const AGAIN_MOST_MILLIS = 15_000;

interface Gone {
  readonly node: WatchedNode;
  readonly why: string;
  readonly until: number;
}

/** Fleet: nodes by zone with their load, and what has happened. */
export class FleetViewElement extends View {
  #me: Me | null = null;
  #view: Fleet | null = null;
  #trouble: string | null = null;
  #controller: AbortController | null = null;
  #paused = false;
  #busy: string | null = null;
  #only = false;
  readonly #rates = new Rates();
  readonly #routers = new Routers();
  readonly #gone = new Map<string, Gone>();
  #fleetBefore = new Map<string, WatchedNode>();

  readonly #again = (): void => {
    this.#stop();
    void this.#start();
  };

  override connectedCallback(): void {
    super.connectedCallback();
    session.addEventListener("change", this.#again);
    void this.#start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    session.removeEventListener("change", this.#again);
    this.#stop();
  }

  #stop(): void {
    this.#controller?.abort();
    this.#controller = null;
  }

  async #start(): Promise<void> {
    const controller = new AbortController();
    this.#controller = controller;
    let pause = 0;
    while (!controller.signal.aborted) {
      try {
        this.#me = await whoAmI();
        await this.#read(controller.signal);
        // A stream ends by itself after a while.
        pause = 200;
      } catch (failure) {
        if (controller.signal.aborted) return;
        this.#trouble = messageOf(failure);
        this.requestUpdate();
        if (failure instanceof ApiError && (failure.status === 401 || failure.status === 403)) return;
        pause = Math.min(Math.max(pause * 2, AGAIN_LEAST_MILLIS), AGAIN_MOST_MILLIS);
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const response = await call(`${FLEET}?interval=1000&after=${this.#routers.after}`, { signal });
    if (response.body === null) throw errorFrom(null, 502);
    for await (const part of readStream(response.body)) {
      if (signal.aborted) return;
      if (part.kind !== "data") continue;
      const told = JSON.parse(part.data) as FleetPart & { error?: unknown };
      if (told.error !== undefined) throw errorFrom(told, 502);
      this.#take(told);
    }
  }

  #take(part: FleetPart): void {
    this.#trouble = null;
    const fresh = this.#routers.take(part);
    const { view } = this.#routers;
    if (view === null) {
      this.#view = null;
      this.requestUpdate();
      return;
    }
    if (this.#routers.leads(part.number)) this.#rates.take(view);
    const present = new Map(view.nodes.map((node) => [node.node, node]));
    for (const line of fresh) {
      const before = this.#fleetBefore.get(line.target);
      if (line.kind === "node" && line.reason.startsWith("left") && !present.has(line.target) && before !== undefined) {
        this.#gone.set(line.target, { node: before, why: line.reason, until: Date.now() + GONE_MILLIS });
        announce(`Node ${line.target} ${line.reason}`);
      }
    }
    for (const [name, { until }] of this.#gone) if (present.has(name) || until < Date.now()) this.#gone.delete(name);
    this.#fleetBefore = present;
    this.#view = view;
    if (this.#paused) return;
    this.requestUpdate();
    void this.updateComplete.then(() => this.querySelector<FleetChart>("fleet-chart")?.show());
  }

  async #drain(node: string, resume: boolean): Promise<void> {
    this.#busy = node;
    this.requestUpdate();
    try {
      const { moving } = await drain(node, resume);
      announce(resume ? `${node} takes answers again` : `${node} drains, ${moving} of its answers move`);
    } catch (failure) {
      this.#trouble = messageOf(failure);
    }
    this.#busy = null;
    this.requestUpdate();
  }

  #pause(): void {
    this.#paused = !this.#paused;
    announce(this.#paused ? "Paused" : "Live again");
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    return html`<div class="page">
      <header class="page-head row wrap">
        <div><h1>Fleet</h1><p class="muted">${this.#me === null ? nothing : this.#seenBy(this.#me)}</p></div>
        <span class="grow"></span>
        <button type="button" class="button" aria-pressed=${this.#paused ? "true" : "false"} @click=${() => this.#pause()}><span class="live-dot ${this.#paused || this.#trouble !== null ? "" : "on"}"></span>${this.#paused ? "Paused" : "Live"}</button>
      </header>
      ${this.#trouble === null ? nothing : html`<p class="problem" role="alert">${icon("warn")}<span>${this.#trouble}</span></p>`}
      ${this.#routers.problems.map((problem) => html`<p class="problem" role="alert">${icon("warn")}<span>${problem}</span></p>`)}
      ${this.#view === null ? html`<p class="muted">${this.#trouble === null ? "Asking the router …" : nothing}</p>` : this.#fleet(this.#view)}
    </div>`;
  }

  #seenBy(me: Me): TemplateResult {
    const { names } = this.#routers;
    const by = names.length < 2 ? html`As router <b>${names[0] ?? me.router}</b> sees it` : html`As the routers ${names.map((name, at) => html`${at === 0 ? nothing : ", "}<b>${name}</b>`)} see it together`;
    return html`${by}${me.admin ? nothing : ", within what this key may reach"}.`;
  }

  #fleet(view: Fleet): TemplateResult {
    const all = view.nodes.flatMap(({ models }) => models);
    const sum = (of: (model: (typeof all)[number]) => number): number => all.reduce((total, model) => total + of(model), 0);
    const ready = view.nodes.filter(({ state }) => state === "ready").length;
    const kv = sum((model) => model.kv_tokens);
    const tokens = view.nodes.reduce((total, { node }) => total + this.#rates.of(node), 0);
    return html`<section class="overview" aria-label="All of it">
        <dl class="tiles">
          <div><dt>Nodes ready</dt><dd>${ready}<small> of ${view.nodes.length + view.nodes_left_out}</small></dd></div>
          <div><dt>Streams</dt><dd>${count(sum((model) => model.running_sequences))}</dd></div>
          <div><dt>Waiting</dt><dd>${count(sum((model) => model.waiting_sequences) + view.requests_waiting)}</dd></div>
          <div><dt>Tokens/s</dt><dd>${rate(tokens)}</dd></div>
          <div><dt>KV cache</dt><dd>${kv === 0 ? 0 : Math.round((1 - sum((model) => model.free_kv_tokens) / kv) * 100)}<small> %</small></dd></div>
        </dl>
        <figure class="chart">
          <figcaption><span class="key tokens">Tokens/s</span><span class="key streams">Streams</span><span class="muted">last two minutes</span></figcaption>
          <fleet-chart role="img" aria-label=${`Chart: ${rate(tokens)} tokens per second now`} .rates=${this.#rates}></fleet-chart>
        </figure>
      </section>
      <div class="fleet-body">
      <div class="zones">
      ${ZONES.map((zone) => this.#zone(zone, view))}
      ${view.nodes_left_out > 0 ? html`<p class="muted">${count(view.nodes_left_out)} more nodes are not shown.</p>` : nothing}
      ${view.nodes.length === 0 && this.#gone.size === 0 ? html`<p class="empty">No node reports to this router. <code>deploy/local/node serve</code> starts one.</p>` : nothing}
      </div>
      ${this.#timeline()}
      </div>`;
  }

  #zone(zone: Zone, view: Fleet): TemplateResult | typeof nothing {
    const gone = [...this.#gone.values()].filter(({ node }) => node.zone === zone);
    const nodes = [...view.nodes.filter((node) => node.zone === zone), ...gone.map(({ node }) => node)].sort((one, other) => one.node.localeCompare(other.node, "en", { numeric: true }));
    const upstreams = view.upstreams.filter((upstream) => upstream.zone === zone);
    if (nodes.length + upstreams.length === 0) return nothing;
    return html`<section class="zone-section" aria-label=${`Zone ${zone}`}>
      <h2 class="row tight">${zoneBadge(zone)}<span class="muted">${ZONE_MEANING[zone]}</span></h2>
      <ul class="plain cards">
        ${repeat(
          nodes,
          ({ node }) => node,
          (node) =>
            nodeCard(node, {
              admin: this.#me?.admin === true,
              busy: this.#busy === node.node,
              tokensPerSecond: this.#rates.of(node.node),
              gone: this.#gone.get(node.node)?.why ?? null,
              drain: (resume) => void this.#drain(node.node, resume),
            }),
        )}
        ${upstreams.map(upstreamCard)}
      </ul>
    </section>`;
  }

  #timeline(): TemplateResult {
    const told = this.#routers.lines;
    const lines = this.#only ? told.filter(({ kind }) => kind !== "placed") : told;
    return html`<section class="timeline" aria-label="What happened">
      <header class="row wrap">
        <h2>What happened</h2>
        <span class="grow"></span>
        <label class="check"><input type="checkbox" .checked=${this.#only} @change=${() => this.#toggleOnly()} /> Not every placement</label>
      </header>
      ${lines.length === 0
        ? html`<p class="empty">Nothing yet. Placements show here as they are made, with what decided.</p>`
        : html`<div class="lines" tabindex="0" role="region" aria-label="Timeline, the newest first"><ol class="plain">${repeat(lines.slice(0, 120), ({ router, sequence }) => `${router}-${sequence}`, (line) => this.#line(line))}</ol></div>`}
    </section>`;
  }

  #toggleOnly(): void {
    this.#only = !this.#only;
    this.requestUpdate();
  }

  #line(line: Line): TemplateResult {
    const time = new Date(line.time);
    return html`<li class="line ${line.kind}">
      <time datetime=${time.toISOString()}>${time.toLocaleTimeString([], { hour12: false })}.${String(time.getMilliseconds()).padStart(3, "0")}</time>
      <span class="what">${icon(line.kind === "moved" ? "move" : line.kind === "failed" ? "warn" : line.kind === "node" ? "fleet" : "check")}${told(line)}</span>
      ${zoneBadge(line.zone)}
      <span class="muted why">${line.kind === "moved" ? "because of " : nothing}${line.reason}${line.kind === "placed" && line.predictedMillis !== null && line.predictedMillis > 0 ? `, ${duration(line.predictedMillis)} predicted` : nothing}</span>
      <span class="muted request">${line.requestId === null ? nothing : html`<code title=${line.requestId}>${line.requestId.slice(0, 8)}</code>`} ${line.tenant}</span>
    </li>`;
  }
}

function told(line: Line): TemplateResult {
  switch (line.kind) {
    case "placed":
      return html`<span>placed on <b>${line.target}</b></span>`;
    case "moved":
      return html`<span>moved from <b>${line.from}</b> to <b>${line.target}</b></span>`;
    case "failed":
      return html`<span>attempt ${line.attempt} on <b>${line.target}</b> failed</span>`;
    case "node":
      return html`<span>node <b>${line.target}</b></span>`;
  }
}

customElements.define("fleet-view", FleetViewElement);
