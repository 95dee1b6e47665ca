import { html, nothing } from "lit";
import { ApiError, json, messageOf } from "../api/client.js";
import { isZone } from "../api/zones.js";
import { announce } from "../ui/announce.js";
import { icon } from "../ui/icons.js";
import { bytes, count } from "../ui/numbers.js";
import { View } from "../ui/view.js";
import { zoneBadge } from "../ui/zone.js";
import { OTHER_KEY, verify, type Check, type Receipt } from "./verify.js";

const KEPT = "ringfence.ledger-key";

type State =
  | { readonly kind: "loading" }
  | { readonly kind: "none" }
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "found"; readonly receipt: Receipt; readonly checks: readonly Check[] | null };

/** What of one answer has left the site, and whether the ledger's word for it holds. */
export class ReceiptPanel extends View {
  static override properties = { answer: { type: String }, left: { type: Boolean } };
  declare answer: string;
  /** It ran farther than the site: then there must be a record. */
  declare left: boolean;
  #state: State = { kind: "loading" };

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      this.#show({ kind: "found", receipt: await json<Receipt>(`/v1/receipts/${encodeURIComponent(this.answer)}`), checks: null });
    } catch (failure) {
      this.#show(failure instanceof ApiError && failure.status === 404 ? { kind: "none" } : { kind: "failed", why: messageOf(failure) });
    }
  }

  #show(state: State): void {
    this.#state = state;
    this.requestUpdate();
  }

  async #verify(receipt: Receipt): Promise<void> {
    const result = await verify(receipt, localStorage.getItem(KEPT));
    if (localStorage.getItem(KEPT) === null && result.checks.every((check) => check.holds !== false)) localStorage.setItem(KEPT, result.fingerprint);
    this.#show({ kind: "found", receipt, checks: result.checks });
    announce(verdict(result.checks));
  }

  protected override render() {
    switch (this.#state.kind) {
      case "loading":
        return html`<p class="muted">Asking the ledger …</p>`;
      case "failed":
        return html`<p class="problem">${this.#state.why}</p>`;
      case "none":
        return this.left
          ? html`<p class="problem">${icon("warn")} This answer ran farther than the site, and the ledger has no record of it for this key. It may be older than what the ledger keeps.</p>`
          : html`<p>${icon("check")} Nothing of this answer left the site: the ledger has no departure of it.</p>`;
      case "found":
        return this.#found(this.#state.receipt, this.#state.checks);
    }
  }

  #found(receipt: Receipt, checks: readonly Check[] | null) {
    return html`<ul class="plain records">
        ${receipt.records.map(
          (record) => html`<li>
            <div class="row wrap">
              ${zoneBadge(isZone(record.zone) ? record.zone : null)}<strong>${record.target}</strong><span class="muted">attempt ${record.attempt}</span><time class="muted" datetime=${record.time}>${new Date(record.time).toLocaleString()}</time>
            </div>
            <p class="muted">${bytes(record.byte_count)} left, record ${count(record.sequence)}, allowed as far as ${record.farthest_zone}${record.reasons.length > 0 ? ` (${record.reasons.join(", ")})` : nothing}</p>
            <p class="hash muted" title="The record's SHA-256">${record.hash}</p>
          </li>`,
        )}
      </ul>
      ${checks === null
        ? html`<button type="button" class="button" @click=${() => this.#verify(receipt)}>${icon("policy")} Verify</button>`
        : html`<div class="verdict ${checks.some((check) => check.holds === false) ? "bad" : checks.some((check) => check.holds === null) ? "unsure" : "good"}">
            <p><strong>${verdict(checks)}</strong></p>
            <ul class="plain checks">
              ${checks.map((check) => html`<li class=${check.holds === true ? "good" : check.holds === null ? "unsure" : "bad"}>${icon(check.holds === true ? "check" : "warn")}<span>${check.what}<small class="muted">${check.why}</small></span></li>`)}
            </ul>
            ${checks.some((check) => check.what === OTHER_KEY && check.holds === false)
              ? html`<p>A new ledger has a new key. Compare the fingerprint with what the router's operator tells you.</p>
                  <button type="button" class="button" @click=${() => this.#trust(receipt)}>Go by the new key</button>`
              : nothing}
          </div>`}`;
  }

  async #trust(receipt: Receipt): Promise<void> {
    localStorage.removeItem(KEPT);
    await this.#verify(receipt);
  }
}

function verdict(checks: readonly Check[]): string {
  if (checks.some((check) => check.holds === false)) return "This receipt does not hold";
  return checks.some((check) => check.holds === null) ? "What could be looked at holds" : "This receipt holds";
}

customElements.define("receipt-panel", ReceiptPanel);
