// The very first log on a profile that has nothing: no setting, no server, at first not even a Python. Usage: node install.mjs EDITORS VSIX LOG TOOLS PYTHON.
// TOOLS is an empty folder that becomes PATH; PYTHON the interpreter that is put there later.

import assert from "node:assert/strict";
import { readdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { startEditor } from "./editor.mjs";
import { startScenario } from "./scenario.mjs";
import { START_MS } from "./workbench.mjs";

const [editors = "", vsix = "", log = "", tools = "", python = ""] = process.argv.slice(2);
const INSTALL_MS = 600_000; // seventy packages from an index that may be far
const code = await startEditor({ editors, vsix, files: { "build.log": log }, settings: {}, environment: { PATH: tools, VSCODE_CLI: "1" } }); // as from a terminal: no login shell is asked for another PATH
const { page, vs, screenshot, check, start, quiet, stop } = await startScenario("install", editors, code, undefined, [code.opening("build.log")]);
const told = (/** @type {string} */ words, limit = START_MS) => vs.until(words, vs.notifications, (said) => said.some((message) => message.includes(words)), limit);
const environments = () => readdirSync(path.join(code.profile, "data/User/globalStorage/logsieve.logsieve"));

try {
  await start();

  await check("without a server the user is asked before anything is fetched", async () => {
    await told("needs its server");
    await screenshot("ask");
    assert.throws(environments, /ENOENT/);
  });

  await check("without a Python the user is told what is needed", async () => {
    await vs.notificationButton("Install");
    await told("neither was found on PATH");
    await screenshot("no-python");
  });

  await check("the server is installed, with progress, and the log triaged", async () => {
    symlinkSync(python, path.join(tools, "python3"));
    await vs.notificationButton("Try Again");
    await told("installing its server: numpy", INSTALL_MS);
    await screenshot("progress");
    await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log failed/.test(item)), INSTALL_MS);
    assert.equal(environments().length, 1);
  });

  await check("after that it is just there", async () => {
    await page.reload(); // as when VS Code is started again
    await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log failed/.test(item)), START_MS);
    assert.deepEqual(await vs.notifications(), []);
  });

  await quiet(); // since the page was opened again
} finally {
  await stop();
}
