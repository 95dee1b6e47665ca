// Real processes for the browser check: a router, simulated nodes, a gateway. Each has its log in the run folder.
import { spawn, spawnSync } from "node:child_process";
import { createWriteStream, existsSync, mkdtempSync, readFileSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

const FLAGS = ["--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC", "-Xmx512m", "-XX:TieredStopAtLevel=1"];

function jar(module) {
  const path = join(ROOT, module, "target/quarkus-app/quarkus-run.jar");
  if (!existsSync(path)) throw new Error(`${path} is missing: ./mvnw -pl ${module} -am package -DskipTests`);
  return path;
}

const given = new Set();

const isFree = (port) =>
  new Promise((done) => {
    const server = createServer();
    server.on("error", () => done(false));
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
  });

/** Below those that the kernel gives to connections: a process that is started again would find its port taken by one of them. */
export async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
}

/** Waits until something is so, and says what was not. */
export async function until(what, condition, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error(`after ${seconds} s still not so: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

export class Stack {
  folder = mkdtempSync(join(tmpdir(), "ringfence-page-"));
  #java = join(spawnSync("sh", [join(ROOT, ".mvn/find-jdk")], { encoding: "utf8" }).stdout.trim(), "bin/java");
  #processes = new Map();

  #routers = new Map();

  /** A router; one of that name that was there before is started again at its place. */
  async router(settings = {}, name = "router") {
    if (!this.#routers.has(name)) this.#routers.set(name, await freePort());
    const port = await freePort();
    const own = { "ringfence.router.name": name, "ringfence.router.listen-address": `127.0.0.1:${this.#routers.get(name)}`, "ringfence.router.ledger.folder": join(this.folder, `ledger-${name}`) };
    await this.#start(name, "router", { ...own, ...settings }, [], port);
  }

  get #addresses() {
    return [...this.#routers.values()].map((port) => `127.0.0.1:${port}`).join(",");
  }

  async node(name, zone, simulate) {
    const port = await freePort();
    const settings = { "ringfence.node.name": name, "ringfence.node.zone": zone, "ringfence.node.simulate": simulate, "ringfence.node.listen-address": `127.0.0.1:${await freePort()}`, "ringfence.node.routers": this.#addresses };
    await this.#start(name, "inference-node", settings, ["serve"], port);
  }

  async gateway(settings = {}) {
    const port = await freePort();
    const health = await freePort();
    await this.#start("gateway", "gateway", { "quarkus.management.port": health, "ringfence.gateway.routers": this.#addresses, ...settings }, [], port, health);
    this.url = `http://127.0.0.1:${port}`;
  }

  async #start(name, module, settings, args, port, health = port) {
    const flags = module === "inference-node" ? [...FLAGS, "--add-modules=jdk.incubator.vector"] : FLAGS;
    const all = { "quarkus.http.host": "127.0.0.1", "quarkus.http.port": port, ...settings };
    const child = spawn(this.#java, [...flags, ...Object.entries(all).map(([key, value]) => `-D${key}=${value}`), "-jar", jar(module), ...args], { stdio: ["ignore", "pipe", "pipe"] });
    const log = createWriteStream(join(this.folder, `${name}.log`), { flags: "a" });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    this.#processes.set(name, child);
    try {
      await until(
        `${name} is ready`,
        async () => {
          if (child.exitCode !== null) throw new Error(`${name} died at start, with ${child.exitCode}`);
          try {
            return (await fetch(`http://127.0.0.1:${health}/q/health/ready`)).ok;
          } catch {
            return false;
          }
        },
        120,
      );
    } catch (failure) {
      this.tell();
      throw failure;
    }
  }

  /** Prints which processes have ended and how each log ends: where a check runs, its output may be all that is left. */
  tell() {
    for (const [name, child] of this.#processes) {
      const ended = child.exitCode ?? child.signalCode;
      console.log(`--- the end of ${name}.log${ended === null ? "" : `, whose process has ended with ${ended}`}`);
      const path = join(this.folder, `${name}.log`);
      const said = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
      // Without lines that say nothing but where in the code something was.
      for (const line of said.filter((line) => line.trim() !== "" && !/^\s+(at |\.\.\. )/.test(line)).slice(-15)) console.log(`    ${line.slice(0, 300)}`);
    }
  }

  /** Makes an API key as an operator does. */
  key(policy, id, tenant, ...more) {
    const made = spawnSync(this.#java, ["-jar", jar("router"), "keys", "create", id, "--tenant", tenant, "--policy-file", policy, ...more], { encoding: "utf8" });
    const key = /rf-[\w-]+/.exec(made.stdout)?.[0];
    if (key === undefined) throw new Error(`no key could be made: ${made.stderr}`);
    return key;
  }

  kill(name) {
    this.#processes.get(name).kill("SIGKILL");
  }

  /** All files that the processes have written, as one text. */
  written() {
    const visit = (at) => readdirSync(at).flatMap((name) => (statSync(join(at, name)).isDirectory() ? visit(join(at, name)) : [readFileSync(join(at, name), "latin1")]));
    return visit(this.folder).join("\n");
  }

  async stop() {
    const running = [...this.#processes.values()].filter((child) => child.exitCode === null && child.signalCode === null);
    for (const child of running.reverse()) child.kill("SIGTERM");
    await Promise.all(
      running.map(
        (child) =>
          new Promise((done) => {
            const hard = setTimeout(() => child.kill("SIGKILL"), 20_000);
            child.on("exit", () => {
              clearTimeout(hard);
              done();
            });
          }),
      ),
    );
  }
}
