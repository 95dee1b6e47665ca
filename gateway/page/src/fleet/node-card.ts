import { html, nothing, type TemplateResult } from "lit";
import type { WatchedModel, WatchedNode, WatchedUpstream } from "../api/overview.js";
import { bar } from "../ui/bar.js";
import { copyButton } from "../ui/copy.js";
import { icon } from "../ui/icons.js";
import { bytes, count, duration, rate } from "../ui/numbers.js";

export interface NodeActions {
  readonly admin: boolean;
  readonly busy: boolean;
  readonly tokensPerSecond: number;
  /** When it left, where it has. */
  readonly gone: string | null;
  readonly drain: (resume: boolean) => void;
}

const STATE: Readonly<Record<WatchedNode["state"], string>> = { ready: "ready", draining: "draining", silent: "silent", unspecified: "unknown" };

export function nodeCard(node: WatchedNode, actions: NodeActions): TemplateResult {
  const state = actions.gone !== null ? "gone" : node.state;
  return html`<li class="node-card ${state}" data-node=${node.node}>
    <header class="row">
      <h3>${node.node}</h3>
      <span class="state ${state}">${actions.gone !== null ? "gone" : STATE[node.state]}</span>
      <span class="grow"></span>
      ${actions.admin && actions.gone === null
        ? html`<button type="button" class="button small" ?disabled=${actions.busy} aria-label=${`${node.state === "draining" ? "Resume" : "Drain"} ${node.node}`} @click=${() => actions.drain(node.state === "draining")}>${node.state === "draining" ? "Resume" : "Drain"}</button>`
        : nothing}
    </header>
    ${actions.gone !== null ? html`<p class="gone-why">${icon("warn")} ${actions.gone}</p>` : nothing}
    ${node.models.map((model) => modelRow(model))}
    <dl class="facts">
      <div><dt>Tokens/s</dt><dd class="big">${rate(actions.gone !== null ? 0 : actions.tokensPerSecond)}</dd></div>
      <div><dt>Streams of this router</dt><dd class="big">${actions.gone !== null ? 0 : node.attempts_here}</dd></div>
      ${node.temperature_celsius === undefined ? nothing : html`<div><dt>Temperature</dt><dd>${node.temperature_celsius.toFixed(0)} °C</dd></div>`}
      ${node.resident_bytes === 0 ? nothing : html`<div><dt>Its memory</dt><dd>${bytes(node.resident_bytes)}</dd></div>`}
      ${node.memory_total_bytes === 0 ? nothing : html`<div><dt>Machine's memory</dt><dd>${bytes(node.memory_total_bytes - node.memory_available_bytes)} of ${bytes(node.memory_total_bytes)}</dd></div>`}
      ${node.state === "silent" ? html`<div><dt>Unheard for</dt><dd>${duration(node.silent_millis)}</dd></div>` : nothing}
    </dl>
    <p class="muted machine">${[node.backend, node.device, node.address].filter((part) => part !== "").join(" · ")}</p>
  </li>`;
}

function modelRow(model: WatchedModel): TemplateResult {
  const used = model.kv_tokens - model.free_kv_tokens;
  return html`<section class="model">
    <p class="row tight"><strong>${model.name}</strong><code class="digest" title=${`SHA-256 of the model's file: ${model.digest}`}>${model.digest.slice(0, 12)}</code>${copyButton(`Copy the digest of ${model.name}`, () => model.digest)}</p>
    <div class="gauge">
      <span>Streams</span>${bar(model.running_sequences / model.max_sequences, `${model.running_sequences} of ${model.max_sequences} streams`)}
      <span class="number">${count(model.running_sequences)} / ${count(model.max_sequences)}</span>
    </div>
    <div class="gauge">
      <span>KV cache</span>${bar(used / model.kv_tokens, `${Math.round((used / model.kv_tokens) * 100)} % of the KV cache used`)}
      <span class="number">${Math.round((used / model.kv_tokens) * 100)} %</span>
    </div>
    ${model.waiting_sequences > 0 ? html`<p class="queue">${icon("warn")} ${count(model.waiting_sequences)} wait here, with ${count(model.waiting_prompt_tokens)} prompt tokens</p>` : nothing}
    <p class="muted measured">measured: ${rate(model.decode_tokens_per_second)} tokens/s at this batch, prompts ${rate(model.prefill_tokens_per_second)} tokens/s, context ${count(model.context_length)}</p>
  </section>`;
}

export function upstreamCard(upstream: WatchedUpstream): TemplateResult {
  return html`<li class="node-card ${upstream.unavailable === "" ? "ready" : "silent"}">
    <header class="row"><h3>${upstream.name}</h3><span class="state ${upstream.unavailable === "" ? "ready" : "silent"}">${upstream.unavailable === "" ? "upstream" : "resting"}</span></header>
    ${upstream.unavailable === "" ? nothing : html`<p class="gone-why">${icon("warn")} ${upstream.unavailable}</p>`}
    <dl class="facts"><div><dt>Requests under way</dt><dd class="big">${upstream.in_flight}</dd></div></dl>
    <p class="muted machine">${upstream.models.join(", ")}</p>
  </li>`;
}
