// A user's way through a failing log in the real workbench. Usage: node ui.mjs EDITORS VSIX LOG LABELS (the log's expected.toml as JSON).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { serverCommand, startEditor } from "./editor.mjs";
import { startModel } from "./model.mjs";
import { startScenario } from "./scenario.mjs";
import { START_MS } from "./workbench.mjs";

const [editors = "", vsix = "", log = "", labels = "{}"] = process.argv.slice(2);
/** @type {{root: {line: number, contains: string}, folded: {lines: [number, number][]}}} */
const { root, folded } = JSON.parse(labels);
const text = readFileSync(log, "utf8");
const lineOf = (/** @type {string} */ start) => 1 + text.split("\n").findIndex((line) => line.startsWith(start));
const second = lineOf("E       TypeError"); // the log reports two failed tests, this is the other one

const model = await startModel();
const settings = {
  "logsieve.server.command": serverCommand(),
  "logsieve.llm.endpoint": model.endpoint,
  "logsieve.llm.model": "test-model",
};
const code = await startEditor({ editors, vsix, files: { "build.log": log }, settings });
const { page, vs, screenshot, check, start, quiet, stop } = await startScenario("ui", editors, code, model, [code.opening("build.log")]);

try {
  await start();

  await check("the status bar shows the verdict", async () => {
    await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log failed, \d+ errors/.test(item)), START_MS);
  });

  await check("noise is folded on open, where indentation cannot fold", async () => {
    const [first, last] = folded.lines[0] ?? assert.fail("the fixture names no fold");
    const failed = lineOf("FAILED"); // stands between two folds
    const jump = (/** @type {number[]} */ numbers) =>
      numbers.some((number, i) => number <= first && (numbers[i + 1] ?? 0) > last) && numbers.includes(failed);
    await vs.until(`lines ${first} to ${last} hidden`, vs.lineNumbers, jump);
    // Every hidden line starts at column 0: VS Code's own folds, by indentation, could not hide them.
    const hidden = text.split("\n").slice(first, last);
    assert.deepEqual(hidden.filter((line) => /^\s+\S/.test(line)), []);
  });

  await check("a fold says how many lines it holds and why", async () => {
    await vs.until("label", vs.labels, (labels) => labels.some((label) => /^"\d+ lines: \w+/.test(label)));
  });
  await screenshot("open");

  await check("what the user unfolds stays unfolded", async () => {
    await vs.command("Unfold All");
    const whole = (/** @type {number[]} */ numbers) => numbers.length > 10 && numbers.every((number, i) => i === 0 || number === (numbers[i - 1] ?? 0) + 1);
    await vs.until("all lines", vs.lineNumbers, whole);
    const before = await vs.until("labels", vs.labels, (labels) => labels.length > 0);
    await vs.goTo((folded.lines[0]?.[0] ?? 0) + 1);
    await vs.command("Copy Line Down"); // an edit: the log is analysed again, and this run of noise is longer
    await vs.press("Control+Home");
    await vs.until("labels of the new analysis", vs.labels, (labels) => labels.length > 0 && labels[0] !== before[0]);
    await vs.command("File: Revert File"); // by the time it is reverted, VS Code has done what it was told before
    await vs.until("labels as before", vs.labels, (labels) => labels[0] === before[0]);
    assert.ok(whole(await vs.lineNumbers()));
    await vs.command("View: Close All Editors");
    await vs.until("no log", vs.tabs, (tabs) => tabs.length === 0);
    await vs.open("build.log");
    await vs.until("labels", vs.labels, (labels) => labels.length > 0);
    assert.ok(whole(await vs.lineNumbers()), "folded again when it was opened again");
  });

  await check("next failure moves the cursor", async () => {
    await vs.goTo(1);
    await vs.command("LogSieve: Go to Root Cause");
    await vs.cursorOn(root.line);
    await vs.command("LogSieve: Go to Next Failure");
    await vs.cursorOn(second);
  });

  await check("copy puts the reduced log on the clipboard", async () => {
    await page.evaluate(() => navigator.clipboard.writeText("before"));
    await vs.command("LogSieve: Copy Reduced Log");
    const copied = await vs.until("clipboard", vs.clipboard, (copy) => copy !== "before");
    assert.ok(copied.includes(root.contains), copied.slice(0, 500));
    assert.ok(copied.length < text.length / 4, `${copied.length} characters`);
  });

  await check("the reduced log opens and its lines lead back", async () => {
    await vs.command("LogSieve: Open Reduced Log");
    const shown = (/** @type {string[]} */ seen) => seen.some((line) => line.includes(`${root.line} |`) && line.includes(root.contains));
    await vs.until("cause in the reduced log", () => vs.lines("logsieve:"), shown);
    await screenshot("reduced");
    await vs.press("F12");
    await vs.cursorOn(root.line);
    await vs.until("the log is back in front", () => vs.lines("vscode-remote:"), (seen) => seen.some((line) => line.includes(root.contains)));
  });

  await check("explain asks first, then streams an answer that links to the log", async () => {
    await vs.goTo(1);
    await vs.command("LogSieve: Explain Failure");
    await vs.until("question", vs.pick.title, (titles) => titles.some((title) => title.includes(model.endpoint)));
    const shown = (await vs.lines("logsieve-text:")).join("\n");
    assert.ok(shown.includes("test-model"), shown.slice(0, 500));
    await screenshot("consent");
    assert.equal(model.bodies.length, 0, "something was sent before the user agreed");
    await vs.press("Enter"); // Send once
    await vs.until("request", async () => model.bodies.length, (count) => count === 1);
    model.say(`## Cause\n\nThe tax is rounded down, see L${root.line}.\n\n`);
    await vs.until("first words", () => vs.lines("logsieve-text:"), (seen) => seen.some((line) => line.includes("rounded down")));
    model.say("## Fix\n\nRound half up.\n"); // only now: the first words were shown before the answer was complete
    model.end();
    await vs.until("last words", () => vs.lines("logsieve-text:"), (seen) => seen.some((line) => line.includes("Round half up")));
    await vs.until("quotes checked", () => vs.lines("logsieve-text:"), (seen) => seen.some((line) => line.includes("Checked against the log: 1 of 1")));
    await screenshot("explain");
    assert.ok(model.bodies[0]?.includes(root.contains));
    await vs.until("link", () => vs.links("logsieve-text:"), (links) => links.includes(String(root.line)));
    await vs.press("Control+2"); // the second column
    await vs.goTo(5, "The tax is rounded down, see L309".length); // below the header
    await vs.command("Open Link");
    await vs.cursorOn(root.line);
  });

  const question = (/** @type {string[]} */ titles) => titles.some((title) => title.includes(model.endpoint));
  const explanation = (/** @type {string} */ words) => vs.until(words, () => vs.lines("logsieve-text:"), (seen) => seen.some((line) => line.includes(words)));
  const answer = (/** @type {string} */ text) => {
    model.say(text);
    model.end();
  };

  await check("consent to one send is asked for again, and a quote that is not in the log is marked", async () => {
    await vs.command("LogSieve: Explain Failure");
    await vs.until("question", vs.pick.title, question);
    await vs.press("ArrowDown"); // Always for this endpoint
    await vs.press("Enter");
    await vs.until("request", async () => model.bodies.length, (count) => count === 2);
    answer("## Cause\n\nSee `the moon is made of cheese, says nobody`.\n");
    await explanation("not found in the log");
  });

  await check("after that nothing is asked, and cancelling hangs up", async () => {
    await vs.until("the last progress gone", vs.notifications, (said) => !said.some((message) => message.includes("explains")));
    await vs.command("LogSieve: Explain Failure");
    await vs.until("request", async () => model.bodies.length, (count) => count === 3);
    assert.ok(!question(await vs.pick.title()));
    model.say("## Cause\n\nIt began well, ");
    await explanation("It began well");
    assert.equal(model.hungUp(), 0);
    await vs.cancelNotification();
    await vs.until("connections that were hung up", async () => model.hungUp(), (count) => count === 1);
    await explanation("Cancelled.");
  });

  await check("consent that is taken back is asked for again", async () => {
    await vs.command("LogSieve: Forget Consent");
    await vs.until("endpoints", vs.pick.focused, (rows) => rows.some((row) => row.includes(model.endpoint)));
    await vs.press("Enter");
    await vs.until("told", vs.notifications, (said) => said.some((message) => message.includes("asked about again")));
    await vs.command("LogSieve: Explain Failure");
    await vs.until("question", vs.pick.title, question);
    await vs.press("Escape");
    await vs.until("no question", vs.pick.title, (titles) => !question(titles));
    assert.equal(model.bodies.length, 3);
  });

  await check("without a chat the reduced log goes to the clipboard, and the user is told", async () => {
    await page.evaluate(() => navigator.clipboard.writeText("before"));
    await vs.command("LogSieve: Send Reduced Log to Chat");
    const copied = await vs.until("clipboard", vs.clipboard, (copy) => copy !== "before");
    assert.match(copied, new RegExp(`^ *${root.line} \\| `, "m"));
    await vs.until("told", vs.notifications, (said) => said.some((message) => message.includes("on the clipboard")));
  });

  await quiet();
} finally {
  await stop();
}
