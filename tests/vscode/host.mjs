// Runs host/*.test.cjs with mocha inside the real extension host. Usage: node host.mjs EDITORS VSIX LOG LABELS.

import { writeFileSync } from "node:fs";
import path from "node:path";
import { openBrowser } from "./browser.mjs";
import { client, freePort, repository, serverCommand, startEditor } from "./editor.mjs";
import { report } from "./report.mjs";

const [editors = "", vsix = "", log = "", labels = "{}"] = process.argv.slice(2);
const port = await freePort();
const code = await startEditor({
  editors,
  vsix,
  files: { "build.log": log },
  settings: {
    "logsieve.server.command": serverCommand(),
    "logsieve.llm.endpoint": `http://127.0.0.1:${port}/v1`,
    "logsieve.llm.model": "test-model",
  },
  flags: ["--enable-smoke-test-driver"],
});
// The extension host has an environment of its own: what the tests need to know lies in the workspace.
writeFileSync(path.join(code.workspace, "labels.json"), JSON.stringify({ ...JSON.parse(labels), port }));
const tests = path.join(repository, "tests/vscode/host");
const url = code.url([
  ["extensionDevelopmentPath", code.remote(client)],
  ["extensionTestsPath", code.remote(path.join(tests, "index.cjs"))],
]);
const browser = await openBrowser(new URL(url).origin);

/** @type {(code: number) => void} */ let finish = () => undefined;
const finished = new Promise((resolve) => (finish = resolve));
const RESULT = "LOGSIEVE-RESULT ";
let said = "";
await browser.page.exposeFunction("codeAutomationLog", (/** @type {string} */ type, /** @type {unknown[]} */ args) => {
  const line = args.map(String).join(" ");
  if (line.startsWith(RESULT)) {
    const { name, problem } = JSON.parse(line.slice(RESULT.length));
    report(name, problem ?? undefined);
  } else said += `${type}: ${line}\n`;
});
await browser.page.exposeFunction("codeAutomationExit", (/** @type {number} */ exitCode) => finish(exitCode));

const LIMIT_MS = 400_000;
const limit = setTimeout(() => finish(-1), LIMIT_MS);
try {
  await browser.page.goto(url);
  if ((await finished) === -1) report("the tests in the extension host end", `not within ${LIMIT_MS / 1000} s\n${said.slice(-4000)}`);
  else report("the tests in the extension host end", undefined);
} finally {
  clearTimeout(limit);
  await browser.close();
  await code.stop();
}
