// Serves the tests' VS Code with the extension and sample logs, to be opened in a browser. Usage: node demo.mjs EDITORS VSIX [PORT].

import path from "node:path";
import { freePort, repository, serverCommand, startEditor } from "./editor.mjs";

const SAMPLES = [
  "pytest/long-verbose-two-failures",
  "cmake/missing-type-cascade",
  "maven/compile-error",
  "cargo/test-failed",
  "go/test-failed",
  "python/chained-three",
  "cargo/test-pass",
];

const [editors = "", vsix = "", port = ""] = process.argv.slice(2);
const files = Object.fromEntries(
  SAMPLES.map((sample) => [`${sample.replace("/", "-")}.log`, path.join(repository, "fixtures", sample, "log.txt")]),
);
const settings = { "logsieve.server.command": serverCommand() };
const code = await startEditor({ editors, vsix, files, settings, port: port === "" ? await freePort() : Number(port) });
console.log(`VS Code with LogSieve and ${SAMPLES.length} logs (Ctrl-C ends it):\n\n  ${code.url([code.opening(Object.keys(files)[0] ?? "")])}\n`);
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void code.stop().then(() => process.exit(0)));
