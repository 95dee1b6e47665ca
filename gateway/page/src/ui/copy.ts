import { html, type TemplateResult } from "lit";
import { icon } from "./icons.js";
import { announce } from "./announce.js";

/** A button that copies a text; says so to screen readers. */
export function copyButton(label: string, text: () => string): TemplateResult {
  const copy = (event: Event): void => {
    const button = event.currentTarget as HTMLElement;
    navigator.clipboard.writeText(text()).then(
      () => {
        button.classList.add("done");
        announce("Copied");
        setTimeout(() => button.classList.remove("done"), 1500);
      },
      () => announce("The browser did not let it be copied"),
    );
  };
  return html`<button type="button" class="quiet small" title=${label} aria-label=${label} @click=${copy}>${icon("copy")}</button>`;
}
