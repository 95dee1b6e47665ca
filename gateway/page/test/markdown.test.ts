import { nothing } from "lit";
import { describe, expect, it } from "vitest";
import { markdown, safeLink } from "../src/chat/markdown.js";

/** What a template becomes, as text: its own markup as it is, texts from outside as a browser would show them, escaped. */
function shown(part: unknown): string {
  if (part === nothing || part === null || part === undefined) return "";
  if (Array.isArray(part)) return part.map(shown).join("");
  if (typeof part === "object" && "strings" in part && "values" in part) {
    const { strings, values } = part as { strings: readonly string[]; values: readonly unknown[] };
    return strings.map((text, index) => text + (index < values.length ? shown(values[index]) : "")).join("");
  }
  if (typeof part === "function") return "";
  return String(part).replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

const text = (source: string): string => shown(markdown(source)).replace(/\s+/g, " ");

describe("Markdown of a model", () => {
  it("becomes what it says", () => {
    expect(text("# A\n\n**b** *c* `d` ~~e~~")).toBe("<h3>A</h3><p><strong>b</strong> <em>c</em> <code>d</code> <del>e</del></p>");
    expect(text("1. a\n2. b")).toBe("<ol start=1><li>a</li><li>b</li></ol>");
    expect(text("> q")).toBe("<blockquote><p>q</p></blockquote>");
    expect(text("|a|b|\n|-|-:|\n|1|2|")).toContain("<td class=right>2</td>");
    expect(text("a &lt;b&gt; &amp; c")).toBe("<p>a &#60;b&#62; &#38; c</p>");
    expect(text("- [x] done")).toContain("checkbox");
    expect(text("- [x] done")).not.toContain("[x]");
  });

  it("never becomes markup of its own", () => {
    for (const attack of [
      "<script>alert(1)</script>",
      "a <img src=x onerror=alert(1)> b",
      "<svg onload=alert(1)>",
      "`<b>`",
      "```html\n<script>alert(1)</script>\n```",
      "# <i>x</i>",
      "|<b>|\n|-|\n|<i>|",
      "[<b>](https://example.org)",
      "- <u>x</u>",
    ]) {
      expect(text(attack)).not.toMatch(/<(script|img|svg(?! class="icon")|b|i|u)[ >]/);
    }
  });

  it("links to nothing that runs", () => {
    for (const href of ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:https://a/b", "/relative", "//host", "java\nscript:alert(1)", ""]) {
      expect(safeLink(href)).toBeNull();
    }
    expect(safeLink("https://example.org/a?b=c")).toBe("https://example.org/a?b=c");
    expect(safeLink("mailto:a@example.org")).toBe("mailto:a@example.org");
    expect(text("[x](javascript:alert(1))")).not.toContain("<a");
    expect(text("![x](https://example.org/a.png)")).toContain("<a href=https://example.org/a.png");
    expect(text("![x](https://example.org/a.png)")).not.toContain("<img");
  });
});
