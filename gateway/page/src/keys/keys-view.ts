import { html, nothing, type TemplateResult } from "lit";
import { messageOf, session } from "../api/client.js";
import { createKey, keys, policy, revokeKey, whoAmI, type KeyView, type Me, type PolicyView } from "../api/overview.js";
import { isFartherThan, ZONES } from "../api/zones.js";
import { announce } from "../ui/announce.js";
import { copyButton } from "../ui/copy.js";
import { icon } from "../ui/icons.js";
import { View } from "../ui/view.js";
import { zoneBadge } from "../ui/zone.js";
import { budget } from "./budget.js";

/** Keys and usage: who asks, how far, and how much was used. */
export class KeysViewElement extends View {
  #me: Me | null = null;
  #policy: PolicyView | null = null;
  #keys: readonly KeyView[] = [];
  #editable = false;
  #trouble: string | null = null;
  #made: { readonly id: string; readonly key: string } | null = null;
  #making = false;
  #wrong: string | null = null;

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
      [this.#me, this.#policy] = await Promise.all([whoAmI(), policy()]);
      const list = this.#me.admin ? await keys() : { keys: [], editable: false };
      this.#keys = list.keys;
      this.#editable = list.editable;
      this.#trouble = null;
    } catch (failure) {
      this.#me = null;
      this.#policy = null;
      this.#trouble = messageOf(failure);
    }
    this.requestUpdate();
  }

  async #revoke(key: KeyView): Promise<void> {
    if (!confirm(`Revoke the key ${key.id}? Whoever uses it is refused from now on. This can't be undone.`)) return;
    try {
      await revokeKey(key.id);
      announce(`Key ${key.id} is revoked`);
    } catch (failure) {
      this.#trouble = messageOf(failure);
      this.requestUpdate();
      return;
    }
    await this.#load();
  }

  async #create(event: Event): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string): string => String(form.get(name) ?? "").trim();
    const day = text("expires");
    this.#making = true;
    this.requestUpdate();
    try {
      const id = text("id");
      const { key } = await createKey({ id, tenant: text("tenant"), farthest_zone: text("zone"), expires_millis: day === "" ? 0 : Date.parse(`${day}T00:00:00Z`) });
      this.#made = { id, key };
      this.#wrong = null;
      announce(`Key ${id} is made. Copy it now.`);
      await this.#load();
    } catch (failure) {
      this.#wrong = messageOf(failure);
    }
    this.#making = false;
    this.requestUpdate();
  }

  #dialog(): HTMLDialogElement | null {
    return this.querySelector<HTMLDialogElement>("#new-key");
  }

  #open(): void {
    this.#made = null;
    this.#wrong = null;
    this.requestUpdate();
    void this.updateComplete.then(() => this.#dialog()?.showModal());
  }

  #close(): void {
    this.#made = null;
    this.requestUpdate();
    this.#dialog()?.close();
  }

  protected override render(): TemplateResult {
    return html`<div class="page">
      <header class="page-head row wrap">
        <div><h1>Keys and usage</h1><p class="muted">Secrets are never shown: the router itself knows their hashes alone.</p></div>
        <span class="grow"></span>
        ${this.#editable ? html`<button type="button" class="button primary" @click=${() => this.#open()}>${icon("plus")} New key</button>` : nothing}
      </header>
      ${this.#trouble === null ? nothing : html`<p class="problem" role="alert">${icon("warn")}<span>${this.#trouble}</span></p>`}
      ${this.#me === null ? nothing : this.#who(this.#me)}
      ${this.#policy === null ? nothing : this.#usage(this.#policy)}
      ${this.#me?.admin === true && !this.#me.keyless ? this.#list() : nothing}
      ${this.#editable ? this.#form() : nothing}
    </div>`;
  }

  #who(me: Me): TemplateResult {
    return html`<section class="card" aria-label="Who asks">
      <dl class="facts wide">
        <div><dt>Key in use</dt><dd>${me.keyless ? "none is needed" : me.key_id}</dd></div>
        <div><dt>Tenant</dt><dd>${me.tenant === "" ? "everybody" : me.tenant}</dd></div>
        <div><dt>May go as far as</dt><dd>${zoneBadge(me.farthest_zone)}</dd></div>
        <div><dt>Admin</dt><dd>${me.admin ? "yes" : "no"}</dd></div>
      </dl>
    </section>`;
  }

  #usage(view: PolicyView): TemplateResult {
    return html`${view.tenants.map(
      (tenant) => html`<section class="card" aria-label=${`Usage of ${tenant.name === "" ? "everybody" : tenant.name}`}>
        <h2 class="row wrap">${tenant.name === "" ? "Everybody" : tenant.name}<span class="row tight plain-text"><span class="muted">no farther than</span> ${zoneBadge(tenant.farthest_zone)}</span></h2>
        ${tenant.budgets.length === 0
          ? html`<p class="muted">Nothing was used yet.</p>`
          : html`<div class="table" tabindex="0" role="region" aria-label=${`What ${tenant.name === "" ? "everybody" : tenant.name} used`}>
              <table class="budgets">
                <thead><tr><th scope="col">Window</th><th scope="col">Requests</th><th scope="col">Tokens</th><th scope="col">Money</th></tr></thead>
                <tbody>${tenant.budgets.map(budget)}</tbody>
              </table>
            </div>`}
      </section>`,
    )}`;
  }

  #list(): TemplateResult {
    return html`<section class="card" aria-label="Keys">
      <h2>Keys</h2>
      <div class="table" tabindex="0" role="region" aria-label="List of keys">
        <table>
          <thead><tr><th scope="col">Name</th><th scope="col">Tenant</th><th scope="col">No farther than</th><th scope="col">Expires</th><th scope="col">State</th><th scope="col"><span class="unseen">Revoke</span></th></tr></thead>
          <tbody>
            ${this.#keys.map((key) => {
              const state = key.revoked_millis > 0 ? `revoked ${new Date(key.revoked_millis).toLocaleDateString()}` : key.expired ? "expired" : key.admin ? "admin" : "in use";
              const live = key.revoked_millis === 0 && !key.expired;
              return html`<tr class=${live ? "" : "dead"}>
                <td><b>${key.id}</b>${key.id === this.#me?.key_id ? html` <small class="muted">this one</small>` : nothing}</td><td>${key.tenant}</td><td>${zoneBadge(key.farthest_zone)}</td>
                <td>${key.expires_millis === 0 ? "never" : new Date(key.expires_millis).toLocaleDateString()}</td><td><span class="state ${live ? "ready" : "gone"}">${state}</span></td>
                <td class="right">${live && this.#editable && key.id !== this.#me?.key_id ? html`<button type="button" class="button small danger" aria-label=${`Revoke ${key.id}`} @click=${() => void this.#revoke(key)}>Revoke</button>` : nothing}</td>
              </tr>`;
            })}
          </tbody>
        </table>
      </div>
    </section>`;
  }

  #form(): TemplateResult {
    const tenants = this.#policy?.tenants ?? [];
    const made = this.#made;
    return html`<dialog id="new-key" aria-labelledby="new-key-title" @close=${() => (this.#made = null)}>
      ${made !== null
        ? html`<div class="made">
            <h2 id="new-key-title">Key ${made.id}</h2>
            <p>Copy it now: it is shown this once and kept nowhere.</p>
            <p class="secret row"><code>${made.key}</code>${copyButton("Copy the key", () => made.key)}</p>
            <div class="row end"><button type="button" class="button primary" @click=${() => this.#close()}>Done</button></div>
          </div>`
        : html`<form @submit=${(event: Event) => void this.#create(event)}>
            <h2 id="new-key-title">New key</h2>
            <label class="field"><span>Name</span><input name="id" required maxlength="64" pattern="[A-Za-z0-9][A-Za-z0-9._\\-]*" autocomplete="off" title="Letters, digits, . _ -" /></label>
            <label class="field"><span>Tenant</span><select name="tenant" required>${tenants.map((tenant) => html`<option>${tenant.name}</option>`)}</select></label>
            <label class="field"><span>No farther than</span><select name="zone"><option value="">as the tenant</option>${ZONES.filter((zone) => !tenants.every((tenant) => isFartherThan(zone, tenant.farthest_zone))).map((zone) => html`<option>${zone}</option>`)}</select></label>
            <label class="field"><span>Expires (none: never)</span><input name="expires" type="date" /></label>
            ${this.#wrong === null ? nothing : html`<p class="problem" role="alert">${icon("warn")}<span>${this.#wrong}</span></p>`}
            <div class="row end"><button type="button" class="button" @click=${() => this.#close()}>Cancel</button><button type="submit" class="button primary" ?disabled=${this.#making}>Make it</button></div>
          </form>`}
    </dialog>`;
  }
}

customElements.define("keys-view", KeysViewElement);
