import { html, nothing, type TemplateResult } from "lit";
import { messageOf, session } from "../api/client.js";
import { inspect, policy, type DetectorView, type Inspection, type PolicyView as Policy, type TenantView, type UpstreamView } from "../api/overview.js";
import { isFartherThan, ZONES, type Zone } from "../api/zones.js";
import { announce } from "../ui/announce.js";
import { icon } from "../ui/icons.js";
import { count, duration } from "../ui/numbers.js";
import { View } from "../ui/view.js";
import { zoneBadge } from "../ui/zone.js";

/** As many as the router takes. */
const MOST_CHARACTERS = 250_000;

/** Policy: what is in force, and what it would say of a text. */
export class PolicyViewElement extends View {
  #policy: Policy | null = null;
  #trouble: string | null = null;
  #inspection: Inspection | null = null;
  #wrong: string | null = null;
  #looking = false;

  readonly #reload = (): void => void this.#load();

  override connectedCallback(): void {
    super.connectedCallback();
    session.addEventListener("change", this.#reload);
    void this.#load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    session.removeEventListener("change", this.#reload);
  }

  async #load(): Promise<void> {
    try {
      this.#policy = await policy();
      this.#trouble = null;
    } catch (failure) {
      this.#policy = null;
      this.#trouble = messageOf(failure);
    }
    this.requestUpdate();
  }

  async #look(): Promise<void> {
    const text = this.querySelector<HTMLTextAreaElement>("#sample")?.value ?? "";
    if (text.trim() === "") return;
    this.#looking = true;
    this.requestUpdate();
    try {
      this.#inspection = await inspect(text);
      this.#wrong = null;
      announce(`May go as far as ${this.#inspection.farthest_zone}; ${this.#inspection.findings.length} findings`);
    } catch (failure) {
      this.#inspection = null;
      this.#wrong = messageOf(failure);
    }
    this.#looking = false;
    this.requestUpdate();
  }

  #clear(): void {
    const box = this.querySelector<HTMLTextAreaElement>("#sample");
    if (box !== null) box.value = "";
    this.#inspection = null;
    this.requestUpdate();
    box?.focus();
  }

  protected override render(): TemplateResult {
    return html`<div class="page">
      <header class="page-head"><h1>Policy</h1><p class="muted">How far a prompt may go, and who says so. It is changed in the router's policy file.</p></header>
      ${this.#trouble === null ? nothing : html`<p class="problem" role="alert">${icon("warn")}<span>${this.#trouble}</span></p>`}
      ${this.#box()}
      ${this.#policy === null ? nothing : this.#inForce(this.#policy)}
    </div>`;
  }

  #box(): TemplateResult {
    return html`<section class="card try" aria-labelledby="try-title">
      <h2 id="try-title">Where could this text go?</h2>
      <p class="muted" id="try-note">The router's detectors look at it, as they would at a prompt of yours. It is not stored, logged or counted anywhere, and sent to no model.</p>
      <label class="field"><span class="unseen">A text</span><textarea id="sample" rows="5" maxlength=${MOST_CHARACTERS} spellcheck="false" autocomplete="off" aria-describedby="try-note" placeholder="Paste a text, such as a mail with a card number or an API key"></textarea></label>
      <div class="row">
        <button type="button" class="button primary" ?disabled=${this.#looking} @click=${() => void this.#look()}>${icon("policy")} Look at it</button>
        <button type="button" class="button" @click=${() => this.#clear()}>Clear</button>
      </div>
      ${this.#wrong === null ? nothing : html`<p class="problem" role="alert">${icon("warn")}<span>${this.#wrong}</span></p>`}
      ${this.#inspection === null ? nothing : result(this.#inspection)}
    </section>`;
  }

  #inForce(now: Policy): TemplateResult {
    const keyless = now.version === "none";
    return html`${now.problem === "" ? nothing : html`<p class="problem">${icon("warn")}<span>The newest policy file is not in force: ${now.problem}</span></p>`}
      <p class="muted version">${keyless ? "No policy file: everybody on this machine is the same caller, as far as the gateway lets them." : html`In force: version <code title=${now.version}>${now.version.slice(0, 16)}</code>`}</p>
      ${now.tenants.map(tenant)}
      ${now.upstreams.length === 0 ? nothing : upstreams(now.upstreams)}`;
  }
}

function result(found: Inspection): TemplateResult {
  return html`<div class="inspection">
    <p class="row wrap"><span>May go as far as</span> ${zoneBadge(found.farthest_zone)} <span class="muted">${found.complete ? nothing : "The detectors could not finish: it stays on the device."}</span></p>
    <ol class="plain ladder" aria-label="Zones, the nearest first">
      ${ZONES.map((zone) => {
        const barred = isFartherThan(zone, found.farthest_zone);
        return html`<li class="${zone} ${barred ? "barred" : "open"}"><b>${zone}</b><span>${barred ? "stays out" : "may see it"}</span></li>`;
      })}
    </ol>
    ${found.findings.length === 0
      ? html`<p>${icon("check")} No detector finds anything.</p>`
      : html`<ul class="plain findings" aria-label="Findings">${found.findings.map((finding) => html`<li>${icon("warn")}<b>${finding.name}</b><span class="muted">goes no farther than</span>${zoneBadge(finding.farthest_zone)}</li>`)}</ul>`}
    ${found.reasons.length === 0 ? nothing : html`<p class="muted">Because of ${found.reasons.join(", ")}.</p>`}
    ${found.targets.length === 0
      ? nothing
      : html`<div class="table" tabindex="0" role="region" aria-label="Targets that are there now">
          <table>
            <thead><tr><th scope="col">Target</th><th scope="col">Zone</th><th scope="col">Models</th><th scope="col">Could get it</th></tr></thead>
            <tbody>${found.targets.map((target) => html`<tr><td>${target.target}</td><td>${zoneBadge(target.zone)}</td><td>${target.models.join(", ")}</td><td>${target.allowed ? html`${icon("check")} yes` : "no"}</td></tr>`)}</tbody>
          </table>
        </div>`}
  </div>`;
}

function tenant(view: TenantView): TemplateResult {
  const groups = ZONES.map((zone): readonly [Zone, readonly DetectorView[]] => [zone, view.detectors.filter((detector) => !detector.off && detector.farthest_zone === zone)]).filter(([, detectors]) => detectors.length > 0);
  const off = view.detectors.filter((detector) => detector.off);
  return html`<section class="card" aria-label=${view.name === "" ? "Everybody" : `Tenant ${view.name}`}>
    <h2 class="row wrap">${view.name === "" ? "Everybody" : view.name}<span class="row tight plain-text"><span class="muted">no farther than</span> ${zoneBadge(view.farthest_zone)}</span>${view.max_wait_millis === 0 ? nothing : html`<span class="muted plain-text">first token within ${duration(view.max_wait_millis)}, or a farther zone</span>`}</h2>
    <h3>What detectors find goes no farther than</h3>
    <dl class="detectors">
      ${groups.map(([zone, detectors]) => html`<div><dt>${zoneBadge(zone)}</dt><dd>${detectors.map((detector) => html`<span class="chip" title=${detector.origin}>${detector.name}${detector.origin === "built-in" ? nothing : html` <small>own</small>`}</span>`)}</dd></div>`)}
      ${off.length === 0 ? nothing : html`<div><dt><span class="zone unknown">off</span></dt><dd>${off.map((detector) => html`<span class="chip off">${detector.name}</span>`)}</dd></div>`}
    </dl>
  </section>`;
}

function upstreams(all: readonly UpstreamView[]): TemplateResult {
  return html`<section class="card" aria-label="Upstreams">
    <h2>Upstreams</h2>
    <div class="table" tabindex="0" role="region" aria-label="List of upstreams">
      <table>
        <thead><tr><th scope="col">Name</th><th scope="col">Zone</th><th scope="col">Address</th><th scope="col">Models</th><th scope="col">Limits</th></tr></thead>
        <tbody>
          ${all.map(
            (upstream) => html`<tr>
              <td><b>${upstream.name}</b></td><td>${zoneBadge(upstream.zone)}</td><td>${upstream.base_url || "for admins"}</td><td>${upstream.models.join(", ")}</td>
              <td>${upstream.max_in_flight} at once${upstream.requests_per_minute === undefined ? nothing : `, ${count(upstream.requests_per_minute)} a minute`}${upstream.tokens_per_minute === undefined ? nothing : `, ${count(upstream.tokens_per_minute)} tokens a minute`}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

customElements.define("policy-view", PolicyViewElement);

