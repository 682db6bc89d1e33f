// Runs the extension's installer outside of VS Code. Usage: node obstacle.mjs OPTIONS (JSON: storage, wheel, pythons, env); prints what came of it.

import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { client } from "./editor.mjs";

const { build } = createRequire(path.join(client, "package.json"))("esbuild");
const options = JSON.parse(process.argv[2] ?? "{}");
const outfile = path.join(options.storage, "install.mjs");
await build({ entryPoints: [path.join(client, "src/install.ts")], outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" });
const { install, installed } = await import(pathToFileURL(outfile).href);

/** @type {string[]} */ const steps = [];
try {
  const python = await install({
    ...options,
    storage: path.join(options.storage, "made"),
    tell: (/** @type {string} */ _step, /** @type {string} */ what) => steps.push(what),
    log: (/** @type {string} */ line) => console.error(line),
    signal: AbortSignal.timeout(options.patience ?? 500_000),
  });
  console.log(JSON.stringify({ python, steps, found: await installed(path.join(options.storage, "made"), options.wheel) }));
} catch (error) {
  const { obstacle, detail } = /** @type {{obstacle?: string, detail?: string}} */ (error);
  console.log(JSON.stringify({ obstacle, detail, steps, error: String(error) }));
}
