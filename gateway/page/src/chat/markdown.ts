import { html, nothing, type TemplateResult } from "lit";
import { marked, type Token, type Tokens } from "marked";
import { copyButton } from "../ui/copy.js";
import { highlighted } from "./highlight.js";

type Part = TemplateResult | string | typeof nothing;

/**
 * Markdown from a model as Lit templates: text can only ever become text. HTML in it is shown as it is written, images are
 * links, and links go to http, https and mailto alone.
 */
export function markdown(source: string): readonly Part[] {
  return blocks(marked.lexer(source, { gfm: true, breaks: false }));
}

function blocks(tokens: readonly Token[] | undefined): readonly Part[] {
  return (tokens ?? []).map(block);
}

function block(token: Token): Part {
  switch (token.type) {
    case "space":
    case "def":
      return nothing;
    case "hr":
      return html`<hr />`;
    case "heading":
      return heading(token as Tokens.Heading);
    case "paragraph":
      return html`<p>${inlines(token.tokens)}</p>`;
    case "blockquote":
      return html`<blockquote>${blocks(token.tokens)}</blockquote>`;
    case "code":
      return code(token as Tokens.Code);
    case "list":
      return list(token as Tokens.List);
    case "table":
      return table(token as Tokens.Table);
    case "html":
      return html`<p class="as-written">${token.raw}</p>`;
    default:
      return inline(token);
  }
}

/** The page's own headings are h1 and h2: an answer's begin below. */
function heading(token: Tokens.Heading): TemplateResult {
  const content = inlines(token.tokens);
  switch (token.depth) {
    case 1:
      return html`<h3>${content}</h3>`;
    case 2:
      return html`<h4>${content}</h4>`;
    default:
      return html`<h5>${content}</h5>`;
  }
}

function code(token: Tokens.Code): TemplateResult {
  const language = (token.lang ?? "").split(/\s/)[0] ?? "";
  return html`<figure class="code">
    <figcaption><span>${language || "text"}</span>${copyButton("Copy code", () => token.text)}</figcaption>
    <pre tabindex="0" role="region" aria-label=${`Code, ${language || "text"}`}><code>${highlighted(token.text, language)}</code></pre>
  </figure>`;
}

function list(token: Tokens.List): TemplateResult {
  const items = token.items.map(
    (item) => html`<li>${item.task ? html`<input type="checkbox" disabled .checked=${item.checked === true} aria-label=${item.checked === true ? "done" : "to do"} />` : nothing}${blocks(item.tokens)}</li>`,
  );
  return token.ordered ? html`<ol start=${Number(token.start) || 1}>${items}</ol>` : html`<ul>${items}</ul>`;
}

function table(token: Tokens.Table): TemplateResult {
  return html`<div class="table" tabindex="0" role="region" aria-label="Table">
    <table>
      <thead>
        <tr>${token.header.map((cell) => html`<th scope="col" class=${cell.align ?? ""}>${inlines(cell.tokens)}</th>`)}</tr>
      </thead>
      <tbody>${token.rows.map((row) => html`<tr>${row.map((cell) => html`<td class=${cell.align ?? ""}>${inlines(cell.tokens)}</td>`)}</tr>`)}</tbody>
    </table>
  </div>`;
}

function inlines(tokens: readonly Token[] | undefined): readonly Part[] {
  return (tokens ?? []).map(inline);
}

function inline(token: Token): Part {
  switch (token.type) {
    case "strong":
      return html`<strong>${inlines(token.tokens)}</strong>`;
    case "em":
      return html`<em>${inlines(token.tokens)}</em>`;
    case "del":
      return html`<del>${inlines(token.tokens)}</del>`;
    case "codespan":
      return html`<code>${(token as Tokens.Codespan).text}</code>`;
    case "checkbox":
      return nothing;
    case "br":
      return html`<br />`;
    case "link":
      return link((token as Tokens.Link).href, inlines(token.tokens));
    case "image":
      return link((token as Tokens.Image).href, [`${(token as Tokens.Image).text || "image"} (not loaded)`]);
    case "escape":
      return (token as Tokens.Escape).text;
    case "text":
      return token.tokens === undefined ? unescaped((token as Tokens.Text).text) : html`${inlines(token.tokens)}`;
    default:
      return token.raw;
  }
}

function link(href: string, content: readonly Part[]): TemplateResult {
  const target = safeLink(href);
  return target === null ? html`<span class="no-link">${content}</span>` : html`<a href=${target} target="_blank" rel="noopener noreferrer nofollow">${content}</a>`;
}

/** The address, where it is one that a click may open. */
export function safeLink(href: string): string | null {
  let url: URL;
  try {
    url = new URL(href);
  } catch {
    return null;
  }
  return url.protocol === "https:" || url.protocol === "http:" || url.protocol === "mailto:" ? url.href : null;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", nbsp: "\u00a0" };

/** Text as a reader of Markdown sees it: the commonest entities are their characters. */
function unescaped(text: string): string {
  return text.includes("&") ? text.replace(/&(amp|lt|gt|quot|#39|nbsp);/g, (whole, name: string) => ENTITIES[name] ?? whole) : text;
}
