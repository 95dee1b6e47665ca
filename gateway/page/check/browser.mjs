// Debian's chromium, and what every page of the check must keep: one origin, no policy violated, no error on its console.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const DESKTOP = { viewport: { width: 1280, height: 800 }, colorScheme: "light" };
export const DARK = { ...DESKTOP, colorScheme: "dark" };
export const PHONE = { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true, colorScheme: "light" };

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
}

/** A page in a context of its own; `faults` gets what it must not do. */
export async function open(browser, url, options, faults) {
  const context = await browser.newContext({ ...options, permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await page.addInitScript(() => {
    globalThis.violations = [];
    addEventListener("securitypolicyviolation", (event) => globalThis.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
  });
  page.on("request", (request) => {
    const target = request.url();
    if (!target.startsWith(url) && !target.startsWith("data:") && !target.startsWith("about:")) faults.push(`it asks another origin: ${target}`);
  });
  page.on("pageerror", (error) => faults.push(`an error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) faults.push(`on the console: ${message.text()}`);
  });
  return page;
}

/** What has violated the page's policy since it was loaded. */
export const violations = (page) => page.evaluate(() => globalThis.violations);

/** What axe finds, as lines. */
export async function accessibility(page) {
  await page.evaluate(`globalThis.axe ?? (() => { const module = undefined, exports = undefined, define = undefined; ${AXE} })()`);
  const { violations: found } = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
  );
  return found.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(" ")} (${failureSummary.replace(/\s+/g, " ").slice(0, 160)})`).join("; ")}`);
}
