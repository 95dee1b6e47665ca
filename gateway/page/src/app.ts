import { html, nothing, type TemplateResult } from "lit";
import { session } from "./api/client.js";
import { announce } from "./ui/announce.js";
import { icon, logo, type IconName } from "./ui/icons.js";
import { applyTheme, nextTheme, theme, type Theme } from "./ui/theme.js";
import { View } from "./ui/view.js";
import "./chat/chat-view.js";

interface Place {
  readonly name: string;
  readonly title: string;
  readonly icon: IconName;
  readonly load: () => Promise<unknown>;
  readonly view: () => TemplateResult;
}

const PLACES: readonly Place[] = [
  { name: "chat", title: "Chat", icon: "chat", load: () => Promise.resolve(), view: () => html`<chat-view></chat-view>` },
  { name: "fleet", title: "Fleet", icon: "fleet", load: () => import("./fleet/fleet-view.js"), view: () => html`<fleet-view></fleet-view>` },
  { name: "policy", title: "Policy", icon: "policy", load: () => import("./policy/policy-view.js"), view: () => html`<policy-view></policy-view>` },
  { name: "keys", title: "Keys and usage", icon: "keys", load: () => import("./keys/keys-view.js"), view: () => html`<keys-view></keys-view>` },
];

const THEME_ICON: Readonly<Record<Theme, IconName>> = { auto: "auto", light: "sun", dark: "moon" };

/** The frame: places, theme, key. */
export class App extends View {
  #place: Place = placeNamed(location.hash);
  #loaded = true;
  #asksKey = false;
  #refused = false;

  readonly #moved = (): void => void this.#go();

  override connectedCallback(): void {
    super.connectedCallback();
    applyTheme();
    addEventListener("hashchange", this.#moved);
    session.addEventListener("refused", () => this.#showKey(session.key !== null));
    void this.#go();
  }

  async #go(): Promise<void> {
    const place = placeNamed(location.hash);
    const moved = place !== this.#place;
    this.#place = place;
    this.#loaded = false;
    document.title = `${place.title} · Ringfence`;
    await place.load();
    if (place !== this.#place) return;
    this.#loaded = true;
    this.requestUpdate();
    await this.updateComplete;
    performance.mark("ready");
    if (moved) {
      this.querySelector<HTMLElement>("main")?.focus();
      announce(place.title);
    }
  }

  #showKey(refused: boolean): void {
    if (this.#asksKey) return;
    this.#asksKey = true;
    this.#refused = refused;
    this.requestUpdate();
    void this.updateComplete.then(() => this.querySelector<HTMLDialogElement>("#key-dialog")?.showModal());
  }

  #closeKey(): void {
    this.#asksKey = false;
    this.requestUpdate();
  }

  #useKey(event: Event): void {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const key = (form.elements.namedItem("key") as HTMLInputElement).value.trim();
    if (key === "") return;
    this.#closeKey();
    session.use(key, (form.elements.namedItem("keep") as HTMLInputElement).checked);
    announce("Key in use");
  }

  protected override render(): TemplateResult {
    return html`<a class="skip" href="#main" @click=${this.#skip}>Skip to content</a>
      <nav class="places" aria-label="Places">
        <a class="brand" href="#chat" aria-label="Ringfence">${logo}<span>Ringfence</span></a>
        <ul class="plain">
          ${PLACES.map((place) => html`<li><a href="#${place.name}" aria-current=${place === this.#place ? "page" : nothing}>${icon(place.icon)}<span>${place.name === "keys" ? html`Keys<span class="hide-narrow"> and usage</span>` : place.title}</span></a></li>`)}
        </ul>
        <div class="tools">
          <button type="button" class="quiet labelled" @click=${() => this.#showKey(false)}>${icon("keys")}<span>${session.key === null ? "Use a key" : "Key in use"}</span></button>
          <button type="button" class="quiet labelled" @click=${() => this.#nextTheme()}>${icon(THEME_ICON[theme()])}<span>Colours: ${theme()}</span></button>
        </div>
      </nav>
      <main id="main" tabindex="-1" aria-label=${this.#place.title}>${this.#loaded ? this.#place.view() : nothing}</main>
      <div id="announcements" class="unseen" role="status" aria-live="polite"></div>
      ${this.#asksKey ? this.#keyDialog() : nothing}`;
  }

  #nextTheme(): void {
    announce(`Colours: ${nextTheme()}`);
    this.requestUpdate();
  }

  #skip(event: Event): void {
    event.preventDefault();
    this.querySelector<HTMLElement>("main")?.focus();
  }

  #keyDialog(): TemplateResult {
    return html`<dialog id="key-dialog" aria-labelledby="key-title" @close=${() => this.#closeKey()}>
      <form @submit=${(event: Event) => this.#useKey(event)}>
        <h2 id="key-title">${this.#refused ? "This key was refused" : "API key"}</h2>
        <p class="muted">${this.#refused ? "It is unknown, expired or revoked, or may not do this." : "It is sent to this server alone, with each request."}</p>
        <label class="field"><span>Key</span><input name="key" type="password" autocomplete="off" spellcheck="false" maxlength="1024" required autofocus /></label>
        <label class="check"><input name="keep" type="checkbox" .checked=${session.isKept} /> Keep it until this tab is closed</label>
        <div class="row end">
          ${session.key === null ? nothing : html`<button type="button" class="button danger" @click=${() => this.#forget()}>Forget the key</button>`}
          <span class="grow"></span>
          <button type="button" class="button" @click=${() => this.#closeKey()}>Cancel</button>
          <button type="submit" class="button primary">Use it</button>
        </div>
      </form>
    </dialog>`;
  }

  #forget(): void {
    this.#closeKey();
    session.forget();
    announce("Key forgotten");
  }
}

function placeNamed(hash: string): Place {
  const name = hash.replace(/^#\/?/, "");
  return PLACES.find((place) => place.name === name) ?? (PLACES[0] as Place);
}

customElements.define("ring-app", App);
