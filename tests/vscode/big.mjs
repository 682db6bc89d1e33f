// A log that VS Code does not show to its extensions, triaged by its URI. Usage: node big.mjs EDITORS VSIX LOG FACTS (BigLog as JSON).
// The log is linked into the workspace, not copied. The last step reports what it took of memory.

import assert from "node:assert/strict";
import { appendFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import { serverCommand, startEditor } from "./editor.mjs";
import { memory, worker } from "./memory.mjs";
import { startModel } from "./model.mjs";
import { startScenario } from "./scenario.mjs";
import { START_MS } from "./workbench.mjs";

const [editors = "", vsix = "", log = "", facts = "{}"] = process.argv.slice(2);
/** @type {{cause: number, contains: string, lines: number, patience: number}} */
const { cause, contains, lines, patience } = JSON.parse(facts);
const ABOVE_IDLE = 300; // MB that renderer and extension host may take more than before

const model = await startModel();
const settings = {
  "logsieve.server.command": serverCommand(),
  "logsieve.llm.endpoint": model.endpoint,
  "logsieve.llm.model": "test-model",
  "files.simpleDialog.enable": true,
};
const code = await startEditor({ editors, vsix, files: {}, settings });
for (const name of ["big.log", "same.log"]) symlinkSync(log, path.join(code.workspace, name));
const { page, vs, screenshot, check, start, quiet, stop } = await startScenario("big", editors, code, model, []);
const shows = (/** @type {number} */ number, /** @type {string} */ text) => (/** @type {string[]} */ rows) =>
  rows.some((row) => row.includes(`${number} |`) && row.includes(text));

try {
  await start();
  let idle = memory();

  await check("the explorer's menu triages a file, and waiting can be given up", async () => {
    await page.locator(".explorer-folders-view .monaco-list-row", { hasText: "big.log" }).waitFor({ timeout: START_MS });
    idle = await settled();
    await vs.fromExplorer("big.log", "Triage File");
    await vs.until("worker", async () => worker(), (pid) => pid !== undefined, patience);
    const busy = worker() ?? assert.fail("the worker has ended");
    process.kill(busy, "SIGSTOP"); // it might be through before the button is there
    await vs.until("progress", () => vs.notifications(), (seen) => seen.some((text) => text.includes("reading big.log")), patience);
    await page.waitForTimeout(500); // it slides in
    await screenshot("progress");
    await vs.cancelNotification();
    process.kill(busy, "SIGCONT");
    await vs.until("no progress", () => vs.notifications(), (seen) => seen.length === 0);
    assert.deepEqual(await vs.tabs(), []);
  });

  await check("the reduced log opens on the root cause", async () => {
    await vs.fromExplorer("big.log", "Triage File");
    await vs.until("cause", () => vs.lines("logsieve:"), shows(cause, contains), patience);
    assert.deepEqual(await vs.tabs(), ["big.log.reduced.log"]);
    await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log failed, \d+ error/.test(item)));
  });

  await check("a line leads to a window of the log", async () => {
    await openLink(); // the number in the margin: the window opens beside
    await vs.until("cause in a window", () => vs.lines("logsieve://window"), shows(cause, contains));
    assert.ok(shows(cause, contains)(await vs.lines("logsieve://reduced")));
    await vs.until("title", vs.tabs, (tabs) => tabs.some((tab) => /^big\.log:[\d,]+-[\d,]+$/.test(tab)));
  });

  await check("what was found is marked in the window, and the jump keys work there", async () => {
    await vs.until("error", () => vs.squiggles("logsieve://window"), (count) => count > 0);
    const row = (await vs.positions())[0] ?? assert.fail("no cursor");
    await vs.command("LogSieve: Go to Next Failure");
    await vs.until("next", vs.positions, ([now]) => now !== row);
    await vs.command("LogSieve: Go to Previous Failure");
    await vs.until("previous", vs.positions, ([now]) => now === row);
    await vs.goTo(1);
    await vs.press("F8");
    await vs.until("F8", vs.positions, ([now]) => now === row);
    await vs.press("Escape");
    await vs.goTo(1);
    await vs.command("LogSieve: Go to Root Cause");
    await vs.until("root cause", vs.positions, ([now]) => now === row);
    await screenshot("window");
  });

  await check("earlier and later lines are a command away", async () => {
    const [first, last] = range((await vs.tabs()).find((tab) => tab.startsWith("big.log:")));
    const at = (/** @type {number} */ number) => (/** @type {string[]} */ rows) => rows.some((row) => row.trimStart().startsWith(`${number} |`));
    await vs.command("LogSieve: Show Later Lines");
    await vs.until("later", () => vs.lines("logsieve://window"), at(last + 1));
    await vs.command("LogSieve: Show Earlier Lines");
    await vs.until("earlier", () => vs.lines("logsieve://window"), at(first + 2000 - 1));
    await vs.command("LogSieve: Show Earlier Lines");
    await vs.until("earlier still", () => vs.lines("logsieve://window"), at(first - 1));
    await vs.press("Control+Home");
    await vs.until("a link to what is before", () => vs.links("logsieve://window"), (links) => links.some((link) => link.endsWith("lines: earlier]")));
  });

  await check("the tree lists the failures, root cause first, and leads to them", async () => {
    const rows = await vs.until("failures", vs.failures, (seen) => seen.length > 1);
    assert.ok(rows[0]?.includes(contains) && rows[0].includes("root cause") && rows[0].includes(cause.toLocaleString("en")), rows[0]);
    await vs.command("LogSieve: Focus on Failures View");
    await vs.press("ArrowDown");
    await vs.press("Home");
    await vs.press("Enter");
    await vs.until("cause in a window", () => vs.lines("logsieve://window"), shows(cause, contains));
    await screenshot("tree");
  });

  await check("copy and explain work from a window", async () => {
    await page.evaluate(() => navigator.clipboard.writeText("before"));
    await vs.command("LogSieve: Copy This Failure");
    const copied = await vs.until("clipboard", vs.clipboard, (copy) => copy !== "before");
    assert.ok(copied.includes(contains) && copied.length < 100_000, copied.slice(0, 500));
    await vs.command("LogSieve: Explain Failure");
    await vs.until("question", vs.pick.title, (titles) => titles.some((title) => title.includes(model.endpoint)));
    await vs.press("Enter"); // Send once
    await vs.until("request", async () => model.bodies.length, (count) => count === 1);
    assert.ok(model.bodies[0]?.includes(contains));
    model.say(`The tax is rounded down, see L${cause}.\n`);
    model.end();
    await vs.until("link", () => vs.links("logsieve-text:"), (links) => links.includes(String(cause)));
    await screenshot("explain");
  });

  await check("the log is triaged from its own editor, which does not show it", async () => {
    await vs.command("View: Close All Editors");
    await vs.until("no tree", vs.failures, (seen) => seen.length === 0);
    await vs.command("View: Show Explorer");
    await page.locator(".explorer-folders-view .monaco-list-row", { hasText: "same.log" }).click();
    await vs.until("tab", vs.tabs, (tabs) => tabs.includes("same.log"));
    await screenshot("too-large");
    await vs.titleAction("Triage File");
    await vs.until("cause", () => vs.lines("logsieve:"), shows(cause, contains), patience);
    await vs.until("tree", vs.failures, (seen) => seen.length > 1);
  });

  await check("without a log in front the command asks for a file", async () => {
    await vs.command("View: Close All Editors");
    await vs.until("no editor", vs.tabs, (tabs) => tabs.length === 0);
    await vs.command("LogSieve: Triage File");
    await vs.until("question", vs.pick.title, (titles) => titles.some((title) => title.includes("Triage a log")));
    await page.locator(".quick-input-widget .quick-input-box input").fill(path.join(code.workspace, "big.log"));
    await vs.press("Enter");
    await vs.until("cause", () => vs.lines("logsieve:"), shows(cause, contains), patience);
  });

  await check("what is appended is seen", async () => {
    await openLink();
    await vs.until("cause in a window", () => vs.lines("logsieve://window"), shows(cause, contains));
    appendFileSync(log, "make: *** [Makefile:7: test] Error 2\n");
    const isSeen = (/** @type {string[]} */ rows) => rows.some((row) => row.includes(`${lines + 1} |`) && row.includes("Makefile:7"));
    await vs.press("Control+1");
    const atTheEnd = async () => {
      await vs.press("Control+End");
      return vs.lines("logsieve://reduced");
    };
    await vs.until("its last line in the reduced log", atTheEnd, isSeen, patience);
  });

  await check("memory stays flat", async () => {
    const used = await settled();
    const taken = used.renderer + used.extensionHost - idle.renderer - idle.extensionHost;
    const told = Object.entries(used).map(([kind, megabytes]) => `${kind} ${Math.round(idle[/** @type {keyof typeof idle} */ (kind)])}, then ${Math.round(megabytes)} MB`);
    process.stderr.write(`memory: ${told.join("; ")}\n`);
    assert.ok(taken < ABOVE_IDLE, told.join("; "));
  });

  await quiet();
} finally {
  await stop();
}

/** The first and last line that a window's title names. @param {string | undefined} title @returns {[number, number]} */
function range(title = "") {
  const [first, last] = title.slice(title.indexOf(":") + 1).split("-").map((number) => Number(number.replaceAll(",", "")));
  return [first ?? 0, last ?? 0];
}

/** Follows the link of the root cause's number in the reduced log, where the cursor is. */
async function openLink() {
  await vs.until("links", () => vs.links("logsieve://reduced"), (links) => links.some((link) => link.trim() === String(cause)));
  await vs.command("Open Link");
}

/** Memory in MB, without garbage, when it has stayed the same for ten seconds. */
async function settled() {
  const cdp = await page.context().newCDPSession(page);
  const sum = (/** @type {ReturnType<typeof memory>} */ used) => used.renderer + used.extensionHost;
  /** @type {ReturnType<typeof memory>[]} */ let seen = [];
  for (const end = Date.now() + START_MS; Date.now() < end; await page.waitForTimeout(2000)) {
    await cdp.send("HeapProfiler.collectGarbage");
    seen = [...seen.slice(-5), memory()];
    const sums = seen.map(sum);
    if (seen.length > 5 && Math.max(...sums) - Math.min(...sums) < 10) break;
  }
  await cdp.detach();
  return seen.at(-1) ?? memory();
}
