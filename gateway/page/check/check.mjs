// usage: node check.mjs [--shots FOLDER] : the page in a real browser, before real processes. Exits with 1 where anything is not as it should be.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accessibility, DARK, DESKTOP, launch, open, PHONE, violations } from "./browser.mjs";
import { Stack, until } from "./stack.mjs";

const MOST_FIRST_LOAD_BYTES = 150_000;
const MOST_READY_MILLIS = 1_000;
const at = process.argv.indexOf("--shots");
const shots = at > 0 ? process.argv[at + 1] : null;
if (shots) mkdirSync(shots, { recursive: true });

let failures = 0;
const browser = await launch();

async function check(name, action) {
  try {
    const told = await action();
    console.log(`ok      ${name}${told ? ` (${told})` : ""}`);
  } catch (failure) {
    failures++;
    console.log(`FAILED  ${name}\n        ${String(failure.stack ?? failure).split("\n").slice(0, 8).join("\n        ")}`);
  }
}

function must(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}

const none = (list, what) => must(list.length === 0, `${what}:\n${list.join("\n")}`);

async function shot(page, name) {
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`) });
}

/** Axe, the policy and the width of one view. */
async function sound(page, name) {
  none(await violations(page), `${name} violates the policy`);
  none(await accessibility(page), `axe on ${name}`);
  const [wide, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  must(wide <= shown, `${name} is ${wide} wide on a screen of ${shown}`);
}

async function ask(page, text) {
  await page.fill("#question", text);
  await page.press("#question", "Enter");
}

/** The last answer is whole, and nothing is under way. */
const answered = (page) =>
  page.waitForFunction(() => [...document.querySelectorAll(".answer")].at(-1)?.getAttribute("aria-busy") === "false" && document.querySelector(".send:not(.stop)") !== null);

async function goTo(page, place) {
  await page.locator(`.places a[href="#${place}"]`).click();
  await page.locator(`${place}-view`).waitFor();
}

// Without keys: two nodes on the site that can stand in for each other, one farther away.

const open_ = new Stack();
await open_.router();
await Promise.all([open_.node("rack-1", "site", "ttft=150ms,tpot=25ms,answer=160"), open_.node("rack-2", "site", "ttft=150ms,tpot=25ms,answer=160"), open_.node("far-1", "datacenter", "ttft=80ms,tpot=5ms,answer=40,model=far"), open_.gateway({ "ringfence.gateway.farthest-zone": "datacenter" })]);
const url = `${open_.url}/`;
const faults = [];

await check("the first load is small and ready soon", async () => {
  let bytes = 0;
  const times = [];
  for (let i = 0; i < 5; i++) {
    const page = await open(browser, open_.url, DESKTOP, faults);
    const network = await page.context().newCDPSession(page);
    await network.send("Network.enable");
    let loaded = 0;
    network.on("Network.loadingFinished", ({ encodedDataLength }) => (loaded += encodedDataLength));
    await page.goto(url);
    await page.waitForFunction(() => performance.getEntriesByName("ready").length > 0);
    times.push(await page.evaluate(() => performance.getEntriesByName("ready")[0].startTime));
    bytes = Math.max(bytes, loaded);
    await page.context().close();
  }
  const best = Math.min(...times);
  must(bytes > 0 && bytes <= MOST_FIRST_LOAD_BYTES, `${bytes} bytes`);
  must(best <= MOST_READY_MILLIS, `ready after ${times.map(Math.round)} ms`);
  return `${(bytes / 1000).toFixed(1)} kB, ready after ${times.map(Math.round).join(", ")} ms`;
});

const page = await open(browser, open_.url, DESKTOP, faults);
await page.goto(url);

await check("chat streams an answer and says where it ran, why and how fast", async () => {
  await page.locator(".examples button:enabled").first().waitFor();
  await sound(page, "chat, empty");
  await shot(page, "chat-empty");
  await page.locator(".pick select").first().selectOption("simulated");
  await ask(page, "What is a fence good for?");
  const prose = page.locator(".answer .prose").last();
  await until("the answer grows", async () => (await prose.innerText().catch(() => "")).length > 20);
  const early = (await prose.innerText()).length;
  must(await page.locator(".answer[aria-busy=true]").count(), "it was all there at once");
  await answered(page);
  must((await prose.innerText()).length > early, "it did not grow");
  const footer = await page.locator(".answer footer").last().innerText();
  must(/site\s+rack-[12]/.test(footer) && /first token/.test(footer) && /tokens\/s/.test(footer) && /160\s+tokens/.test(footer), footer);
  await page.getByRole("button", { name: "Why there" }).last().click();
  must((await page.locator(".panel table tr").count()) >= 3, "no verdict on each target");
  await page.getByRole("button", { name: "Receipt" }).last().click();
  await page.getByText("Nothing of this answer left the site").waitFor();
  await sound(page, "chat with an answer");
});

await check("stop, again, edit and copy", async () => {
  await ask(page, "Say much.");
  await page.getByRole("button", { name: "Stop" }).waitFor();
  await until("text has come", async () => (await page.locator(".answer .prose").last().innerText()) !== "");
  await page.press("#question", "Escape");
  await page.locator(".note", { hasText: "Stopped." }).waitFor();
  await page.getByRole("button", { name: "Answer again" }).click();
  await answered(page);
  must((await page.locator(".answer").count()) === 2, "another answer was added instead of the old one");
  await page.locator(".question").last().hover();
  await page.getByRole("button", { name: "Edit question" }).last().click();
  await page.fill("#edited", "Say little.");
  await page.getByRole("button", { name: "Ask again" }).click();
  await answered(page);
  must((await page.locator(".bubble").last().innerText()) === "Say little.", "the question was not edited");
  must((await page.locator(".answer").count()) === 2, "an answer to the old question is left");
  await page.getByRole("button", { name: "Copy answer" }).last().click();
  await until("the copy is the answer", () =>
    page.evaluate(async () => {
      const words = (text) => text.trim().replace(/\s+/g, " ");
      return words(await navigator.clipboard.readText()) === words([...document.querySelectorAll(".answer .prose")].at(-1).innerText);
    }),
  );
});

await check("conversations are kept in the browser until they are cleared", async () => {
  await page.reload();
  await page.locator(".list .title").first().click();
  must((await page.locator(".bubble").first().innerText()) === "What is a fence good for?", "it was not kept");
  page.once("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", { name: "Clear all" }).click();
  await until("none is listed", async () => (await page.locator(".list li").count()) === 0);
  await page.reload();
  await page.locator(".examples").waitFor();
  must((await page.locator(".list li").count()) === 0, "they are back");
});

await check("an answer can bring no script, style, image or frame to life", async () => {
  const attack = [
    "<script>globalThis.hacked = 'script'</script>", "<img src=x onerror=\"globalThis.hacked='onerror'\">", "<svg onload=\"globalThis.hacked='onload'\"></svg>", "<iframe src=\"javascript:parent.hacked='frame'\"></iframe>",
    "[click](javascript:globalThis.hacked='link')", "![x](https://example.org/beacon.png)", "<style>*{display:none}</style>", "```html\n<script>globalThis.hacked='code'</script>\n```", "<a href=\"javascript:hacked=1\" style=\"position:fixed\">a</a>",
  ].join("\n\n");
  const chunk = (data) => `data: ${JSON.stringify(data)}\n\n`;
  await page.route("**/v1/chat/completions", (route) =>
    route.fulfill({ status: 200, headers: { "content-type": "text/event-stream" }, body: `${chunk({ id: "chatcmpl-x", choices: [{ delta: { content: attack }, finish_reason: "stop" }] })}data: [DONE]\n\n` }),
  );
  await ask(page, "Attack me.");
  await answered(page);
  await page.locator(".prose .code").waitFor();
  for (const link of await page.locator(".prose a").all()) must(!/^javascript/i.test(await link.getAttribute("href")), "a link that runs");
  must((await page.locator(".prose :is(script, img, iframe, style, [style], [onerror], [onload])").count()) === 0, "it became an element");
  must((await page.evaluate(() => globalThis.hacked)) === undefined, "it ran");
  none(await violations(page), "even the policy was needed");
  await page.unroute("**/v1/chat/completions");
});

await check("and whoever got markup in all the same would be stopped by the policy", async () => {
  const other = await open(browser, open_.url, DESKTOP, []);
  await other.goto(url);
  const refused = await other.evaluate(() => {
    const script = document.createElement("script");
    try {
      script.textContent = "globalThis.hacked = 1";
    } catch {
      // No string becomes a script.
    }
    document.body.append(script);
    const image = document.createElement("img");
    image.setAttribute("src", "https://example.org/beacon.png");
    document.body.append(image);
    try {
      document.body.insertAdjacentHTML("beforeend", "<b onclick='hacked=1'>x</b>");
      return false;
    } catch {
      return true;
    }
  });
  must(refused, "a string became markup");
  await until("violations are reported", async () => (await violations(other)).length >= 2);
  must((await other.evaluate(() => globalThis.hacked)) === undefined, "the script ran");
  await other.context().close();
});

await check("a receipt of what left the site is verified in the browser, and a changed one refused", async () => {
  await page.reload();
  await page.locator(".examples button:enabled").first().waitFor();
  await page.locator(".pick select").first().selectOption("far");
  await page.locator(".zone-select").selectOption("datacenter");
  await ask(page, "How far is it?");
  await answered(page);
  must(/datacenter\s+far-1/.test(await page.locator(".answer footer").last().innerText()), "it ran elsewhere");
  await page.getByRole("button", { name: "Receipt" }).last().click();
  await page.getByRole("button", { name: "Verify" }).click();
  await page.locator(".verdict.good").waitFor();
  await sound(page, "chat with a receipt");
  await shot(page, "chat-receipt");
  await page.route("**/v1/receipts/*", async (route) => {
    const answer = await route.fetch();
    const receipt = await answer.json();
    receipt.records[0].byte_count += 1;
    await route.fulfill({ response: answer, json: receipt });
  });
  await page.getByRole("button", { name: "Receipt" }).last().click();
  await page.getByRole("button", { name: "Receipt" }).last().click();
  await page.getByRole("button", { name: "Verify" }).click();
  await page.locator(".verdict.bad").waitFor();
  await page.unroute("**/v1/receipts/*");
});

await check("a refusal is told in the gateway's words", async () => {
  await page.locator(".zone-select").selectOption("device");
  await ask(page, "Stay here.");
  await page.locator(".answer .problem").last().waitFor();
  must((await page.locator(".answer .problem").last().innerText()).length > 20, "no reason");
});

const watcher = await open(browser, open_.url, DARK, faults);
await watcher.goto(`${url}#fleet`);

await check("fleet shows nodes by zone with their load, and drains one", async () => {
  await watcher.locator('[data-node="rack-1"]').waitFor();
  must((await watcher.locator(".zone-section").count()) === 2, "not two zones");
  must(/[0-9a-f]{12}/.test(await watcher.locator('[data-node="rack-1"] .digest').innerText()), "no digest");
  await sound(watcher, "fleet");
  await watcher.getByRole("button", { name: "Drain rack-2" }).click();
  await watcher.locator('[data-node="rack-2"] .state.draining').waitFor();
  await watcher.getByRole("button", { name: "Resume rack-2" }).click();
  await watcher.locator('[data-node="rack-2"] .state.ready').waitFor();
});

await check("a node's death is seen: its streams move, and the answers go on", async () => {
  await page.locator(".list button", { hasText: "New chat" }).click();
  await page.locator(".pick select").first().selectOption("simulated");
  await page.locator(".zone-select").selectOption("site");
  const others = await Promise.all([1, 2, 3].map(() => open(browser, open_.url, DESKTOP, faults)));
  for (const other of others) {
    await other.goto(url);
    await other.locator(".pick select").first().selectOption("simulated");
    await ask(other, "Tell a long story.");
  }
  await ask(page, "Tell another.");
  await until("the answer is under way", async () => (await page.locator(".answer .prose").last().innerText().catch(() => "")).length > 30);
  const victim = (await page.locator(".answer .node").last().innerText()).trim();
  await watcher.waitForFunction((name) => Number(document.querySelector(`[data-node="${name}"] .facts > div:nth-child(2) dd`)?.textContent) > 0, victim);
  open_.kill(victim);
  await watcher.locator(`[data-node="${victim}"] .state.gone`).waitFor();
  await watcher.locator(".line.moved", { hasText: `moved from ${victim}` }).first().waitFor();
  await watcher.locator(".line.node", { hasText: victim }).first().waitFor();
  await shot(watcher, "fleet-death");
  await answered(page);
  must((await page.locator(".answer .moved").last().innerText()).includes(`from ${victim}`), "the answer does not say that it moved");
  must(/160\s+tokens/.test(await page.locator(".answer footer").last().innerText()), "the answer is not whole");
  await shot(page, "chat-moved");
  for (const other of others) {
    await answered(other);
    must((await other.locator(".answer .problem").count()) === 0, "an answer was lost");
    await other.context().close();
  }
  await sound(watcher, "fleet after a death");
  return victim;
});

await check("policy says what detectors find in a text, and nobody keeps it", async () => {
  const mark = `canary${Math.random().toString(36).slice(2)}`;
  await goTo(watcher, "policy");
  await watcher.fill("#sample", `${mark}: please charge card 4111 1111 1111 1111 of ${mark}@example.org`);
  await watcher.getByRole("button", { name: "Look at it" }).click();
  await watcher.locator(".findings li", { hasText: "payment-card" }).waitFor();
  must(/site/.test(await watcher.locator(".inspection > p").first().innerText()), "it may go anywhere");
  must((await watcher.locator(".ladder .barred").count()) === 2, "datacenter and external are not barred");
  must((await watcher.locator(".inspection tr", { hasText: "far-1" }).innerText()).includes("no"), "far-1 could get it");
  await sound(watcher, "policy");
  await shot(watcher, "policy");
  must(!open_.written().includes(mark), "the text stands in a log or file");
  must(!(await watcher.evaluate(() => JSON.stringify([localStorage, sessionStorage]))).includes(mark), "the browser keeps the text");
  await watcher.getByRole("button", { name: "Clear" }).click();
  await watcher.fill("#sample", "Nothing to see here.");
  await watcher.getByRole("button", { name: "Look at it" }).click();
  await watcher.getByText("No detector finds anything.").waitFor();
});

await check("everything is within reach of the keyboard", async () => {
  const keyboard = await open(browser, open_.url, DESKTOP, faults);
  await keyboard.goto(url);
  await keyboard.locator(".examples button:enabled").first().waitFor();
  await keyboard.keyboard.press("Tab");
  must((await keyboard.evaluate(() => document.activeElement.className)) === "skip", "the first stop is not the way to the content");
  const seen = new Set();
  for (let i = 0; i < 40; i++) {
    await keyboard.keyboard.press("Tab");
    const [name, outline] = await keyboard.evaluate(() => {
      const now = document.activeElement;
      // After the last stop the focus leaves the document.
      if (now === document.body) return ["", true];
      const style = getComputedStyle(now);
      return [now.id || now.getAttribute("href") || now.getAttribute("aria-label") || now.textContent.trim(), style.outlineStyle !== "none" || style.boxShadow !== "none" || now.id === "question"];
    });
    must(outline, `no one sees that the focus is on ${name}`);
    seen.add(name);
  }
  for (const stop of ["#fleet", "#policy", "#keys", "question", "New chat", "Send"]) must(seen.has(stop), `no stop at ${stop}, only ${[...seen].join(", ")}`);
  await keyboard.locator('.places a[href="#policy"]').focus();
  await keyboard.keyboard.press("Enter");
  await keyboard.locator("policy-view h1").waitFor();
  must((await keyboard.evaluate(() => document.activeElement.id)) === "main", "the focus stays on the menu");
  await keyboard.context().close();
});

await check("it fits a phone", async () => {
  const phone = await open(browser, open_.url, PHONE, faults);
  await phone.goto(url);
  await phone.locator(".pick select").first().selectOption("simulated");
  await ask(phone, "Hello from a phone.");
  await answered(phone);
  await sound(phone, "chat on a phone");
  await shot(phone, "phone-chat");
  for (const place of ["fleet", "policy", "keys"]) {
    await goTo(phone, place);
    await phone.locator(".page .card, .node-card").first().waitFor();
    await sound(phone, `${place} on a phone`);
    await shot(phone, `phone-${place}`);
  }
  await phone.context().close();
});

await check("each view is as readable in light and dark", async () => {
  for (const [name, options] of Object.entries({ light: DESKTOP, dark: DARK })) {
    const view = await open(browser, open_.url, options, faults);
    await view.goto(url);
    for (const place of ["fleet", "policy", "keys"]) {
      await goTo(view, place);
      await view.locator(".page .card, .node-card").first().waitFor();
      await sound(view, `${place}, ${name}`);
      await shot(view, `${place}-${name}`);
    }
    await view.context().close();
  }
});

await check("without JavaScript it says what to do", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const plain = await context.newPage();
  await plain.goto(url);
  must((await plain.locator("noscript, .without-script").first().innerText()).includes("needs JavaScript"), "nothing is said");
  await context.close();
});

await check("no page asked another origin, failed or complained", () => none(faults, "they did"));
await Promise.all([page, watcher].map((one) => one.context().close()));
if (failures) open_.tell();
await open_.stop();

// With keys.

const closed = new Stack();
const policy = join(closed.folder, "policy.yaml");
writeFileSync(policy, "tenants:\n  - name: research\n    farthest-zone: site\n    budgets: [{window: day, requests: 100, tokens: 100000}]\n    detectors: {words: [{name: projects, words: [Bluebird], farthest-zone: device}]}\n  - {name: sales, farthest-zone: datacenter}\n");
const user = closed.key(policy, "ann", "research");
const admin = closed.key(policy, "root", "sales", "--admin");
await closed.router({ "ringfence.router.policy-file": policy });
await Promise.all([closed.node("rack-1", "site", "ttft=50ms,tpot=5ms,answer=20"), closed.node("far-1", "datacenter", "ttft=50ms,tpot=5ms,answer=20"), closed.gateway({ "ringfence.gateway.require-keys": "true", "ringfence.gateway.farthest-zone": "external" })]);
const guarded = [];
const keyed = await open(browser, closed.url, DESKTOP, guarded);

const useKey = async (key, keep) => {
  const dialog = keyed.locator("#key-dialog");
  if (!(await dialog.isVisible())) await keyed.getByRole("button", { name: /Use a key|Key in use/ }).click();
  await keyed.fill("#key-dialog input[name=key]", key);
  await keyed.locator("#key-dialog input[name=keep]").setChecked(keep);
  await keyed.getByRole("button", { name: "Use it" }).click();
};

await check("a key is asked for, wrong ones are refused, and it is kept only when that is wanted", async () => {
  await keyed.goto(`${closed.url}/`);
  await keyed.locator("#key-dialog").waitFor();
  await sound(keyed, "the key dialog");
  await useKey("rf-wrong", false);
  await keyed.getByText("This key was refused").waitFor();
  await useKey(user, false);
  await keyed.locator(".examples button:enabled").first().waitFor();
  must((await keyed.evaluate(() => JSON.stringify([sessionStorage, localStorage, document.cookie]))).includes("rf-") === false, "the key was kept");
  await ask(keyed, "Hello.");
  await answered(keyed);
  must(/site\s+rack-1/.test(await keyed.locator(".answer footer").innerText()), "not answered on the site");
});

await check("a user sees its own part and can change nothing", async () => {
  await goTo(keyed, "fleet");
  await keyed.locator('[data-node="rack-1"]').waitFor();
  must((await keyed.locator('[data-node="far-1"]').count()) === 0, "a node beyond its ceiling is shown");
  must((await keyed.getByRole("button", { name: /^Drain/ }).count()) === 0, "it could drain");
  await goTo(keyed, "policy");
  await keyed.locator(".card h2", { hasText: "research" }).waitFor();
  const shown = await keyed.locator("policy-view").innerText();
  must(!shown.includes("sales") && !shown.includes("Bluebird"), "another tenant, or what its own detector looks for, is shown");
  await goTo(keyed, "keys");
  await keyed.locator(".budgets").waitFor();
  must(/1 of 100/.test(await keyed.locator(".budgets").innerText()), "the request was not counted");
  must((await keyed.getByRole("button", { name: "New key" }).count()) === 0, "it could make keys");
  for (const [path, body] of [["keys", null], ["drain", { node: "rack-1" }], ["keys", { id: "x", tenant: "research" }], ["keys/revoke", { id: "root" }]]) {
    const answer = await fetch(`${closed.url}/page/api/${path}`, { method: body ? "POST" : "GET", headers: { authorization: `Bearer ${user}` }, ...(body ? { body: JSON.stringify(body) } : {}) });
    must(answer.status === 403, `${path} answered ${answer.status}`);
  }
  must((await fetch(`${closed.url}/page/api/me`)).status === 401, "who asks without a key is told something");
});

let made;
await check("an admin makes a key, which is shown once, works, and is revoked", async () => {
  await useKey(admin, true);
  await keyed.getByRole("button", { name: "New key" }).click();
  await keyed.fill("#new-key input[name=id]", "visitor");
  await keyed.locator("#new-key select[name=tenant]").selectOption("research");
  await sound(keyed, "the new key's dialog");
  await keyed.getByRole("button", { name: "Make it" }).click();
  made = (await keyed.locator(".secret code").innerText()).trim();
  must(/^rf-/.test(made), made);
  await keyed.getByRole("button", { name: "Done" }).click();
  must(!(await keyed.content()).includes(made), "the secret is still on the page");
  const models = () => fetch(`${closed.url}/v1/models`, { headers: { authorization: `Bearer ${made}` } });
  must((await models()).ok, "it does not work");
  await shot(keyed, "keys-admin");
  await sound(keyed, "keys, as an admin");
  keyed.once("dialog", (dialog) => dialog.accept());
  await keyed.getByRole("button", { name: "Revoke visitor" }).click();
  await keyed.locator("tr.dead", { hasText: "visitor" }).waitFor();
  must((await models()).status === 401, "it still works");
  must((await keyed.getByRole("button", { name: "Revoke root" }).count()) === 0, "it could revoke itself");
  must(!closed.written().includes(made), "the secret stands in a file or log");
});

await check("a key that is kept for the tab survives a reload and goes when it is forgotten", async () => {
  await keyed.reload();
  await keyed.locator("keys-view .card").first().waitFor();
  await keyed.getByRole("button", { name: "Key in use" }).click();
  await keyed.getByRole("button", { name: "Forget the key" }).click();
  await keyed.getByRole("button", { name: "Use a key" }).waitFor();
  must((await keyed.evaluate(() => sessionStorage.length)) === 0, "it is still there");
});

await check("with keys no page asked another origin, failed or complained", () => none(guarded, "they did"));
if (failures) closed.tell();
await closed.stop();

// Two routers, and a node that reports to both.

const pair = new Stack();
const outbox = (name) => ({ "ringfence.router.events.folder": join(pair.folder, `events-${name}`) });
await pair.router(outbox("east"), "east");
await pair.router(outbox("west"), "west");
await Promise.all([pair.node("rack-1", "site", "ttft=50ms,tpot=5ms,answer=20"), pair.gateway()]);
const paired = [];
const both = await open(browser, pair.url, DESKTOP, paired);
const placements = (page) => page.waitForFunction(() => document.querySelectorAll(".line.placed").length === 2);

await check("what two routers see is one fleet, and a router that is gone is named", async () => {
  await both.goto(`${pair.url}/#fleet`);
  await both.locator(".page-head", { hasText: /As the routers east, west see it together/ }).waitFor();
  await both.locator('[data-node="rack-1"] .state.ready').waitFor();
  must((await both.locator('[data-node="rack-1"]').count()) === 1, "the node is there twice");
  for (const text of ["one", "two"]) {
    const answer = await fetch(`${pair.url}/v1/chat/completions`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ model: "simulated", messages: [{ role: "user", content: text }] }) });
    must(answer.ok, `asking answered ${answer.status}`);
  }
  await placements(both);
  must((await both.locator(".line.node", { hasText: "rack-1" }).count()) === 1, "the node's coming is told twice");
  pair.kill("west");
  await both.locator(".problem", { hasText: "Router 2 of 2 (west) can't be reached." }).waitFor();
  must((await both.locator('[data-node="rack-1"] .state.ready').count()) === 1, "the other router's view is gone too");
  await sound(both, "fleet without one of its routers");
  await shot(both, "fleet-two-routers");
});

await check("a router that is started again tells what happened before", async () => {
  await pair.router(outbox("west"), "west");
  await both.locator(".problem").waitFor({ state: "detached" });
  await placements(both);
  const fresh = await open(browser, pair.url, DESKTOP, paired);
  await fresh.goto(`${pair.url}/#fleet`);
  await placements(fresh);
});

await check("with two routers no page asked another origin, failed or complained", () => none(paired, "they did"));
if (failures) pair.tell();
await pair.stop();
await browser.close();
console.log(failures === 0 ? "all passed" : `${failures} failed`);
process.exit(failures === 0 ? 0 : 1);
