import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { ApiError, messageOf, session } from "../api/client.js";
import { about } from "../api/about.js";
import { isFartherThan, isZone, ZONE_MEANING, ZONES } from "../api/zones.js";
import { announce } from "../ui/announce.js";
import { copyButton } from "../ui/copy.js";
import { icon } from "../ui/icons.js";
import { View } from "../ui/view.js";
import { ask, nothingYet, type Question } from "./ask.js";
import { History, MOST_CONVERSATIONS, titleOf, type Conversation, type Message } from "./history.js";
import { answerView } from "./message.js";
import { listModels, type Model } from "./models.js";
import { numberWithin, readSettings, writeSettings } from "./settings.js";
import "../receipt/panel.js";

type Answer = Extract<Message, { role: "assistant" }>;

const EXAMPLES = ["What is a fence good for?", "Reverse a linked list in Java, with a test.", "Explain Ed25519 signatures to a lawyer.", "Draft a polite answer to a customer whose parcel is late."];

/** Chat: conversations, the one that is open, and the box to ask in. */
export class ChatView extends View {
  readonly #history = new History();
  readonly #settings = readSettings();
  #conversations: Conversation[] = [];
  #current: Conversation | null = null;
  #models: readonly Model[] = [];
  #trouble: string | null = null;
  #running: { readonly controller: AbortController; readonly answer: Answer; readonly conversation: Conversation } | null = null;
  #editing: number | null = null;
  #open: { readonly index: number; readonly panel: "why" | "receipt" } | null = null;
  #shownSettings = false;
  #shownList = false;
  #follows = true;
  #drawn = 0;

  readonly #reload = (): void => void this.#loadModels();

  override connectedCallback(): void {
    super.connectedCallback();
    session.addEventListener("change", this.#reload);
    about.then(() => this.requestUpdate(), () => undefined);
    void this.#loadModels();
    void this.#loadHistory();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    session.removeEventListener("change", this.#reload);
  }

  async #loadModels(): Promise<void> {
    try {
      this.#models = await listModels();
      this.#trouble = this.#models.length === 0 ? "No node that this key may use serves a model now." : null;
    } catch (failure) {
      this.#models = [];
      this.#trouble = messageOf(failure);
    }
    if (this.#models[0] !== undefined && !this.#models.some(({ id }) => id === this.#settings.model)) this.#settings.model = this.#models[0].id;
    this.requestUpdate();
  }

  async #loadHistory(): Promise<void> {
    try {
      this.#conversations = await this.#history.all();
    } catch (failure) {
      this.#trouble = `What this browser has kept can't be read: ${messageOf(failure)}`;
    }
    this.requestUpdate();
  }

  // What can be done

  #begin(): void {
    this.#current = null;
    this.#open = null;
    this.#editing = null;
    this.#shownList = false;
    this.requestUpdate();
    void this.updateComplete.then(() => this.#box()?.focus());
  }

  #choose(conversation: Conversation): void {
    this.#begin();
    this.#current = conversation;
    this.#follows = true;
  }

  async #remove(conversation: Conversation): Promise<void> {
    if (this.#running?.conversation === conversation) this.#running.controller.abort();
    this.#conversations = this.#conversations.filter((other) => other !== conversation);
    if (this.#current === conversation) this.#current = null;
    this.requestUpdate();
    announce("Conversation removed");
    await this.#history.remove(conversation.id);
  }

  async #clear(): Promise<void> {
    if (!confirm("Remove all conversations from this browser? They are kept nowhere else.")) return;
    this.#running?.controller.abort();
    this.#conversations = [];
    this.#begin();
    announce("All conversations removed");
    await this.#history.clear();
  }

  #send(text: string): void {
    const asked = text.trim();
    if (asked === "" || this.#running !== null) return;
    const conversation = this.#current ?? { id: crypto.randomUUID(), title: titleOf(asked), updated: Date.now(), messages: [] };
    if (this.#current === null) {
      this.#current = conversation;
      this.#conversations = [conversation, ...this.#conversations];
    }
    conversation.messages.push({ role: "user", text: asked });
    void this.#answer(conversation);
  }

  #again(): void {
    const conversation = this.#current;
    if (conversation === null || this.#running !== null) return;
    if (conversation.messages.at(-1)?.role === "assistant") conversation.messages.pop();
    void this.#answer(conversation);
  }

  #edited(index: number, text: string): void {
    const conversation = this.#current;
    if (conversation === null || this.#running !== null || text.trim() === "") return;
    this.#editing = null;
    conversation.messages.length = index;
    if (index === 0) conversation.title = titleOf(text);
    this.#send(text);
  }

  async #answer(conversation: Conversation): Promise<void> {
    const answer: Answer = { role: "assistant", model: this.#settings.model, answer: nothingYet(), error: null, stopped: false };
    const question = this.#question(conversation.messages);
    conversation.messages.push(answer);
    const running = { controller: new AbortController(), answer, conversation };
    this.#running = running;
    this.#open = null;
    this.#follows = true;
    this.requestUpdate();
    announce("The answer is being written");
    try {
      await ask(question, running.controller.signal, answer.answer, () => this.#changed());
      announce(`The answer is complete, ${answer.answer.answerTokens ?? 0} tokens`);
    } catch (failure) {
      if (running.controller.signal.aborted) {
        answer.stopped = true;
        announce("Stopped");
      } else {
        answer.error = hinted(failure);
      }
    }
    this.#running = null;
    conversation.updated = Date.now();
    this.requestUpdate();
    await this.#keep(conversation);
  }

  #question(messages: readonly Message[]): Question {
    const { model, farthest, system, temperature, maxTokens } = this.#settings;
    const said = messages.flatMap((message): Question["messages"] =>
      message.role === "user" ? [{ role: "user", content: message.text }] : message.answer.text === "" ? [] : [{ role: "assistant", content: message.answer.text }],
    );
    return { model, farthest, temperature, maxTokens, messages: system.trim() === "" ? said : [{ role: "system", content: system }, ...said] };
  }

  async #keep(conversation: Conversation): Promise<void> {
    if (!this.#conversations.includes(conversation)) return;
    try {
      await this.#history.save(conversation);
      this.#conversations = [conversation, ...this.#conversations.filter((other) => other !== conversation)];
      for (const old of this.#conversations.splice(MOST_CONVERSATIONS)) await this.#history.remove(old.id);
    } catch (failure) {
      this.#trouble = `This browser could not keep the conversation: ${messageOf(failure)}`;
    }
    this.requestUpdate();
  }

  /** Tokens come faster than a screen draws. */
  #changed(): void {
    if (this.#drawn !== 0) return;
    this.#drawn = requestAnimationFrame(() => {
      this.#drawn = 0;
      this.requestUpdate();
    });
  }

  // What is shown

  protected override updated(): void {
    const thread = this.querySelector<HTMLElement>(".thread");
    if (thread !== null && this.#follows) thread.scrollTop = thread.scrollHeight;
  }

  #box(): HTMLTextAreaElement | null {
    return this.querySelector<HTMLTextAreaElement>("#question");
  }

  protected override render(): TemplateResult {
    return html`<div class="chat ${this.#shownList ? "with-list" : ""}">
      ${this.#list()}
      <section class="conversation" aria-label="Conversation">
        ${this.#bar()}
        <div class="thread" tabindex="0" role="log" aria-live="off" aria-label="Messages" @scroll=${this.#scrolled}>
          ${this.#trouble === null ? nothing : html`<p class="problem">${icon("warn")}<span>${this.#trouble}</span><button type="button" class="button small" @click=${this.#reload}>Look again</button></p>`}
          ${this.#current === null ? this.#welcome() : html`<h1 class="unseen">${this.#current.title}</h1>`}
          ${this.#current === null ? nothing : repeat(this.#current.messages, (_, index) => index, (message, index) => this.#message(message, index))}
        </div>
        ${this.#composer()}
      </section>
    </div>`;
  }

  #scrolled(event: Event): void {
    const thread = event.currentTarget as HTMLElement;
    this.#follows = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 60;
  }

  #list(): TemplateResult {
    return html`<aside class="list" aria-label="Conversations">
      <button type="button" class="button primary wide" @click=${this.#begin}>${icon("plus")} New chat</button>
      <ul class="plain">
        ${repeat(
          this.#conversations,
          ({ id }) => id,
          (conversation) => html`<li class=${conversation === this.#current ? "current" : ""}>
            <button type="button" class="title" aria-current=${conversation === this.#current ? "true" : nothing} @click=${() => this.#choose(conversation)}>${conversation.title}</button>
            <button type="button" class="quiet small" title="Remove" aria-label=${`Remove conversation: ${conversation.title}`} @click=${() => this.#remove(conversation)}>${icon("trash")}</button>
          </li>`,
        )}
      </ul>
      <footer>
        <p class="muted">Kept in this browser only.</p>
        ${this.#conversations.length === 0 ? nothing : html`<button type="button" class="quiet small labelled" @click=${this.#clear}>${icon("trash")}<span>Clear all</span></button>`}
      </footer>
    </aside>`;
  }

  #bar(): TemplateResult {
    const settings = this.#settings;
    const chosen = (event: Event): string => (event.currentTarget as HTMLSelectElement).value;
    return html`<header class="bar row">
      <button type="button" class="quiet only-narrow" aria-expanded=${this.#shownList ? "true" : "false"} aria-label="Conversations" @click=${() => this.#toggleList()}>${icon("menu")}</button>
      <label class="pick"><span>Model</span>
        <select @change=${(event: Event) => this.#set(() => (settings.model = chosen(event)))} ?disabled=${this.#models.length === 0}>
          ${this.#models.length === 0 ? html`<option>none</option>` : this.#models.map((model) => html`<option value=${model.id} ?selected=${model.id === settings.model}>${model.id}</option>`)}
        </select>
      </label>
      <label class="pick"><span>May go as far as</span>
        <select class="zone-select ${settings.farthest}" @change=${(event: Event) => this.#setZone(chosen(event))}>
          ${ZONES.map((zone) => html`<option value=${zone} ?selected=${zone === settings.farthest} ?disabled=${this.#tooFar(zone)}>${zone}: ${ZONE_MEANING[zone]}${this.#tooFar(zone) ? " (not from this gateway)" : ""}</option>`)}
        </select>
      </label>
      <span class="grow"></span>
      <button type="button" class="quiet labelled" aria-expanded=${this.#shownSettings ? "true" : "false"} aria-label="Options" @click=${() => this.#toggleSettings()}>${icon("settings")}<span class="hide-narrow">Options</span></button>
    </header>
    ${this.#shownSettings ? this.#options() : nothing}`;
  }

  #tooFar(zone: (typeof ZONES)[number]): boolean {
    const ceiling = about.known?.farthestZone;
    return ceiling !== undefined && isFartherThan(zone, ceiling);
  }

  #setZone(zone: string): void {
    if (isZone(zone)) this.#set(() => (this.#settings.farthest = zone));
  }

  #set(change: () => void): void {
    change();
    writeSettings(this.#settings);
    this.requestUpdate();
  }

  #toggleList(): void {
    this.#shownList = !this.#shownList;
    this.requestUpdate();
  }

  #toggleSettings(): void {
    this.#shownSettings = !this.#shownSettings;
    this.requestUpdate();
  }

  #options(): TemplateResult {
    const settings = this.#settings;
    const value = (event: Event): string => (event.currentTarget as HTMLInputElement).value;
    return html`<section id="chat-settings" class="options" aria-label="Options of the next question">
      <label class="field grow"><span>System prompt</span><textarea rows="2" maxlength="20000" .value=${settings.system} @change=${(event: Event) => this.#set(() => (settings.system = value(event)))} placeholder="How the model should answer"></textarea></label>
      <label class="field"><span>Temperature</span><input type="number" min="0" max="2" step="0.1" placeholder="1" .value=${settings.temperature?.toString() ?? ""} @change=${(event: Event) => this.#set(() => (settings.temperature = numberWithin(value(event), 0, 2)))} /></label>
      <label class="field"><span>At most, tokens</span><input type="number" min="1" max="1000000" step="1" placeholder="no limit" .value=${settings.maxTokens?.toString() ?? ""} @change=${(event: Event) => this.#set(() => (settings.maxTokens = numberWithin(value(event), 1, 1_000_000)))} /></label>
    </section>`;
  }

  #welcome(): TemplateResult {
    return html`<div class="welcome">
      <h1>What would you like to know?</h1>
      <p class="muted">Your question stays within <b>${this.#settings.farthest}</b>: ${ZONE_MEANING[this.#settings.farthest]}. Each answer says where it ran and why.</p>
      <ul class="plain examples">${EXAMPLES.map((example) => html`<li><button type="button" @click=${() => this.#send(example)} ?disabled=${this.#models.length === 0}>${example}</button></li>`)}</ul>
    </div>`;
  }

  #message(message: Message, index: number): TemplateResult {
    if (message.role === "user") return this.#editing === index ? this.#editor(message.text, index) : this.#question_(message.text, index);
    return answerView(message, {
      running: this.#running?.answer === message,
      last: index === (this.#current?.messages.length ?? 0) - 1,
      busy: this.#running !== null,
      open: this.#open?.index === index ? this.#open.panel : null,
      toggle: (panel) => {
        this.#open = this.#open?.index === index && this.#open.panel === panel ? null : { index, panel };
        this.#follows = false;
        this.requestUpdate();
      },
      again: () => this.#again(),
    });
  }

  #question_(text: string, index: number): TemplateResult {
    return html`<article class="message question" aria-label="Your question">
      <p class="bubble">${text}</p>
      <span class="actions">
        ${copyButton("Copy question", () => text)}
        ${this.#running === null ? html`<button type="button" class="quiet small" title="Edit" aria-label="Edit question" @click=${() => this.#edit(index)}>${icon("edit")}</button>` : nothing}
      </span>
    </article>`;
  }

  #edit(index: number | null): void {
    this.#editing = index;
    this.requestUpdate();
    void this.updateComplete.then(() => (index === null ? this.#box() : this.querySelector<HTMLTextAreaElement>("#edited"))?.focus());
  }

  #editor(text: string, index: number): TemplateResult {
    const send = (): void => this.#edited(index, this.querySelector<HTMLTextAreaElement>("#edited")?.value ?? "");
    return html`<article class="message question editing" aria-label="Your question">
      <label class="field"><span class="unseen">Edit question</span><textarea id="edited" rows="3" .value=${text} @keydown=${(event: KeyboardEvent) => entered(event, send, () => this.#edit(null))}></textarea></label>
      <div class="row end">
        <button type="button" class="button" @click=${() => this.#edit(null)}>Cancel</button>
        <button type="button" class="button primary" @click=${send}>Ask again</button>
      </div>
    </article>`;
  }

  #composer(): TemplateResult {
    const send = (): void => {
      const box = this.#box();
      if (box === null || this.#running !== null || box.value.trim() === "") return;
      this.#send(box.value);
      box.value = "";
    };
    return html`<div class="composer">
      <div class="box">
        <label class="unseen" for="question">Your question</label>
        <textarea id="question" rows="1" placeholder="Ask ${this.#settings.model || "a model"}" autocomplete="off" @keydown=${(event: KeyboardEvent) => entered(event, send, () => this.#running?.controller.abort())}></textarea>
        ${this.#running === null
          ? html`<button type="button" class="send" aria-label="Send" title="Send (Enter)" @click=${send} ?disabled=${this.#models.length === 0}>${icon("send")}</button>`
          : html`<button type="button" class="send stop" aria-label="Stop" title="Stop (Escape)" @click=${() => this.#running?.controller.abort()}>${icon("stop")}</button>`}
      </div>
      <p class="muted hint hide-narrow">Enter sends, Shift+Enter begins a line, Escape stops.</p>
    </div>`;
  }
}

function entered(event: KeyboardEvent, send: () => void, leave: () => void): void {
  if (event.key === "Escape") {
    leave();
  } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send();
  }
}

function hinted(failure: unknown): string {
  const said = messageOf(failure);
  if (!(failure instanceof ApiError)) return said;
  return failure.retryAfterSeconds > 0 ? `${said} Worth another try in ${failure.retryAfterSeconds} s.` : said;
}

customElements.define("chat-view", ChatView);
