// usage: node pack.mjs FOLDER : compresses what was built, lists it for the gateway, and holds the first load to its budget.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";

const FIRST_LOAD_BYTES = 150_000;
const COMPRESSIBLE = /\.(html|js|css|svg|md|webmanifest)$/;

const folder = process.argv[2];
if (folder === undefined) {
  console.error("usage: node pack.mjs FOLDER");
  process.exit(2);
}

const files = [];
const visit = (at) => {
  for (const name of readdirSync(at).sort()) {
    const path = join(at, name);
    if (statSync(path).isDirectory()) visit(path);
    else files.push(relative(folder, path).split(sep).join("/"));
  }
};
visit(folder);

const compressed = new Map();
for (const file of files.filter((name) => COMPRESSIBLE.test(name))) {
  const bytes = gzipSync(readFileSync(join(folder, file)), { level: 9 });
  compressed.set(file, bytes.length);
  writeFileSync(join(folder, `${file}.gz`), bytes);
}
writeFileSync(join(folder, "files.txt"), files.map((file) => `${file}\n`).join(""));

// What a browser loads before the page is ready: the document and what its head names.
const html = readFileSync(join(folder, "index.html"), "utf8");
const named = [...html.matchAll(/(?:src|href)="\/page\/([^"]+)"/g)].map((match) => match[1]);
const first = ["index.html", ...new Set(named)];
const total = first.reduce((sum, file) => sum + (compressed.get(file) ?? statSync(join(folder, file)).size), 0);
if (total > FIRST_LOAD_BYTES) {
  console.error(`The first load is ${total} bytes compressed, more than ${FIRST_LOAD_BYTES}: ${first.join(", ")}`);
  process.exit(1);
}
console.log(`The web page: first load ${(total / 1000).toFixed(1)} kB compressed, of at most ${FIRST_LOAD_BYTES / 1000}`);
