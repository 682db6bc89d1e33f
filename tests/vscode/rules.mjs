// Rules that a user makes of lines of a log, and takes back. Usage: node rules.mjs EDITORS VSIX LOG (see LOG in test_vscode.py).

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, unlinkSync } from "node:fs";
import path from "node:path";
import { serverCommand, startEditor } from "./editor.mjs";
import { startScenario } from "./scenario.mjs";
import { START_MS } from "./workbench.mjs";

const [editors = "", vsix = "", log = ""] = process.argv.slice(2);
const code = await startEditor({ editors, vsix, files: { "build.log": log }, settings: { "logsieve.server.command": serverCommand() } });
const { page, vs, screenshot, check, start, quiet, stop } = await startScenario("rules", editors, code, undefined, [code.opening("build.log")]);

const folder = path.join(code.workspace, ".logsieve/packs");
const rules = async () => (existsSync(folder) ? readdirSync(folder) : []);
const errors = (/** @type {number} */ wanted) => vs.until(`${wanted} errors`, () => vs.squiggles("vscode-remote:"), (count) => count === wanted);
/** Asks for a rule about a line. @param {number} line @param {string} title */
const make = async (line, title) => {
  const before = (await rules()).length;
  await vs.goTo(line);
  await vs.cursorOn(line);
  await vs.command(`LogSieve: ${title}`);
  return (await vs.until("a rule", rules, (files) => files.length === before + 1)).at(-1) ?? "";
};
const told = (/** @type {string} */ words) => vs.until(words, vs.notifications, (said) => said.some((message) => message.includes(words)));
const forget = async () => {
  await vs.command("Notifications: Clear All Notifications");
  await vs.until("nothing told", vs.notifications, (said) => said.length === 0);
};

try {
  await start();
  await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log .*1 error/.test(item)), START_MS);

  await check("what is told to be no error is none, by a rule that can be read and deleted", async () => {
    await errors(1);
    const file = path.join(folder, await make(2, "Not an Error"));
    await errors(0);
    assert.match(readFileSync(file, "utf8"), /shelf 12 of the store is missing/); // the line is the rule's sample
    await told("not an error any more");
    await screenshot("told");
    await vs.notificationButton("Open Rule");
    await vs.until("the rule", vs.activeTab, (tab) => tab === path.basename(file));
    await vs.open("build.log");
    await vs.until("the log", vs.activeTab, (tab) => tab === "build.log");
    unlinkSync(file); // nobody tells the editor
    await errors(1);
  });

  await check("what is told to be an error always is one, until that is undone", async () => {
    await forget();
    await make(3, "Always an Error");
    await errors(2);
    await told("always an error");
    await vs.notificationButton("Undo");
    await errors(1);
    assert.deepEqual(await rules(), []);
  });

  await check("lines like these are hidden, and shown again when the rules are taken back", async () => {
    const label = '"3 lines: hidden by a rule of your own"';
    assert.ok(!(await vs.labels()).includes(label));
    for (const line of [4, 5, 6]) {
      await make(line, "Hide Lines Like This");
      await forget(); // its buttons are in the way of the next one's
    }
    await vs.until("a fold", vs.labels, (labels) => labels.includes(label));
    await screenshot("hidden");
    for (const left of [2, 1, 0]) {
      await vs.command("LogSieve: Undo Last Rule");
      await vs.until("one rule less", rules, (files) => files.length === left);
    }
    await vs.until("no fold", vs.labels, (labels) => !labels.includes(label));
  });

  await check("a row of the failures is told to be no error", async () => {
    await vs.command("LogSieve: Focus on Failures View");
    await vs.until("the failure", vs.failures, (rows) => rows.length === 1);
    await vs.failureAction(0, "Not an Error");
    await vs.until("no failure", vs.failures, (rows) => rows.length === 0);
    await vs.until("told", vs.failuresMessage, (message) => message.startsWith("Nothing failed"));
    await vs.command("LogSieve: Undo Last Rule");
    await vs.until("the failure again", vs.failures, (rows) => rows.length === 1);
  });

  await check("without a folder rules are written to the user's own packs", async () => {
    const own = path.join(code.workspace, "../config/logsieve/packs");
    assert.ok(!existsSync(own));
    await page.goto(code.url([code.opening("build.log")]).replace(/folder=[^&]*/, "ew=true"));
    await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log .*1 error/.test(item)), START_MS);
    await vs.goTo(2);
    await vs.cursorOn(2);
    await vs.command("LogSieve: Not an Error");
    const [file = ""] = await vs.until("a rule", async () => (existsSync(own) ? readdirSync(own) : []), (files) => files.length === 1);
    assert.match(readFileSync(path.join(own, file), "utf8"), /shelf 12 of the store is missing/);
    await errors(0);
    assert.deepEqual(await rules(), []);
  });

  await quiet();
} finally {
  await stop();
}
