import { html, nothing, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { isFartherThan } from "../api/zones.js";
import { copyButton } from "../ui/copy.js";
import { icon, type IconName } from "../ui/icons.js";
import { count, duration, rate } from "../ui/numbers.js";
import { zoneBadge } from "../ui/zone.js";
import { tokensPerSecond, type Progress } from "./ask.js";
import type { Message } from "./history.js";
import { markdown } from "./markdown.js";

type Answer = Extract<Message, { role: "assistant" }>;

export interface AnswerActions {
  readonly running: boolean;
  readonly last: boolean;
  readonly busy: boolean;
  readonly open: "why" | "receipt" | null;
  readonly toggle: (panel: "why" | "receipt") => void;
  readonly again: () => void;
}

const THINKING = /^\s*<think>([\s\S]*?)(?:<\/think>|$)/;

/** A model's answer: its text, how it ended, where it ran and how fast. */
export function answerView(message: Answer, actions: AnswerActions): TemplateResult {
  const { answer } = message;
  const thought = THINKING.exec(answer.text);
  const said = thought === null ? answer.text : answer.text.slice(thought[0].length);
  return html`<article class="message answer" aria-busy=${actions.running ? "true" : "false"} aria-label=${`Answer by ${message.model}`}>
    ${thought !== null && thought[1]?.trim() ? html`<details class="thought"><summary>Thoughts</summary><p>${thought[1].trim()}</p></details>` : nothing}
    <div class="prose">${guard([said], () => markdown(said))}</div>
    ${actions.running && said === "" ? html`<p class="waiting">${waitingFor(answer)}<span class="caret" aria-hidden="true"></span></p>` : nothing}
    ${message.error === null ? nothing : html`<p class="problem" role="alert">${icon("warn")}<span>${message.error}</span></p>`}
    ${message.stopped ? html`<p class="muted note">Stopped.</p>` : answer.finish === "length" ? html`<p class="muted note">The answer reached its limit of tokens.</p>` : nothing}
    <footer class="row wrap">
      ${placed(answer)}
      <span class="figures">${figures(answer)}</span>
      <span class="actions">
        ${answer.considered.length + answer.placements.length > 0 ? panelButton("why", "Why there", "why", actions) : nothing}
        ${answer.id === "" ? nothing : panelButton("receipt", "Receipt", "receipt", actions)}
        ${answer.text === "" ? nothing : copyButton("Copy answer", () => answer.text)}
        ${actions.last && !actions.busy ? html`<button type="button" class="quiet small" title="Answer again" aria-label="Answer again" @click=${actions.again}>${icon("again")}</button>` : nothing}
      </span>
    </footer>
    ${actions.open === "why" ? why(answer) : actions.open === "receipt" ? html`<section class="panel" aria-label="Receipt"><receipt-panel .answer=${answer.id} .left=${answer.placements.some(({ zone }) => zone === null || isFartherThan(zone, "site"))}></receipt-panel></section>` : nothing}
  </article>`;
}

function panelButton(panel: "why" | "receipt", label: string, name: IconName, { open, toggle }: AnswerActions): TemplateResult {
  return html`<button type="button" class="quiet small labelled" aria-expanded=${open === panel ? "true" : "false"} @click=${() => toggle(panel)}>${icon(name)}<span>${label}</span></button>`;
}

function waitingFor(answer: Progress): string {
  const at = answer.placements.at(-1);
  return at === undefined ? "Looking for a place …" : `${at.node} reads the prompt …`;
}

function placed(answer: Progress): TemplateResult | typeof nothing {
  const now = answer.placements.at(-1);
  if (now === undefined) return nothing;
  return html`<span class="row tight">${zoneBadge(now.zone)}<span class="node">${now.node}</span>${answer.placements.length > 1 ? html`<span class="moved" title="The answer went on elsewhere, exactly where it stopped">${icon("move")} from ${answer.placements.slice(0, -1).map(({ node }) => node).join(", ")}</span>` : nothing}</span>`;
}

function figures(answer: Progress): TemplateResult {
  const speed = tokensPerSecond(answer);
  return html`${answer.firstMillis === null ? nothing : html`<span title="Time to the first token, as this page saw it">first token <b>${duration(answer.firstMillis)}</b></span>`}
  ${speed === null ? nothing : html`<span title="After the first token"><b>${rate(speed)}</b> tokens/s</span>`}
  ${answer.answerTokens === null ? nothing : html`<span title=${`Prompt of ${count(answer.promptTokens ?? 0)} tokens`}><b>${count(answer.answerTokens)}</b> tokens</span>`}`;
}

function why(answer: Progress): TemplateResult {
  return html`<section class="panel" aria-label="Why it ran there">
    <ol class="plain steps">
      ${answer.placements.map((at) => html`<li><span class="row wrap tight">Attempt ${at.attempt} ${zoneBadge(at.zone)}<strong>${at.node}</strong><span class="muted">${at.reason}</span></span></li>`)}
    </ol>
    ${answer.considered.length === 0
      ? nothing
      : html`<div class="table" tabindex="0" role="region" aria-label="Targets that were looked at">
          <table>
            <thead><tr><th scope="col">Target</th><th scope="col">Zone</th><th scope="col">Decided by</th><th scope="col">Why</th><th scope="col" class="right">Predicted</th></tr></thead>
            <tbody>
              ${answer.considered.map(
                (target) => html`<tr class=${target.chosen ? "chosen" : ""}>
                  <td>${target.chosen ? icon("check") : nothing} ${target.target}</td><td>${zoneBadge(target.zone)}</td><td>${target.decidedBy}</td><td>${target.why}</td>
                  <td class="right">${target.predictedMillis === null ? "–" : duration(target.predictedMillis)}</td>
                </tr>`,
              )}
            </tbody>
          </table>
        </div>`}
  </section>`;
}
