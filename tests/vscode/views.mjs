// What the extension shows beside the log: the tree, the reduced log, the status bar. Usage: node views.mjs EDITORS VSIX LOG LABELS.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { repository, serverCommand, startEditor } from "./editor.mjs";
import { startScenario } from "./scenario.mjs";
import { START_MS } from "./workbench.mjs";

const [editors = "", vsix = "", log = "", labels = "{}"] = process.argv.slice(2);
/** @type {{root: {line: number, contains: string}}} */
const { root } = JSON.parse(labels);
const fixture = (/** @type {string} */ name) => path.join(repository, "fixtures", name, "log.txt");
const files = {
  "build.log": log,
  "compile.log": fixture("cmake/missing-type-cascade"),
  "ci.log": fixture("github-actions/tolerated-step-then-tsc"),
  "coloured.log": fixture("angular/build-coloured"),
  "maven.log": fixture("maven/compile-error"),
  "notes.md": fixture("maven/compile-error"),
};
const settings = {
  "logsieve.server.command": serverCommand(),
  "files.simpleDialog.enable": true,
  "terminal.integrated.gpuAcceleration": "off", // what it shows can be read
};
const code = await startEditor({ editors, vsix, files, settings });
const { page, vs, screenshot, check, start, quiet, stop } = await startScenario("views", editors, code, undefined, [code.opening("build.log")]);

try {
  await start();

  await check("the tree lists the failures of all open logs, root cause first, with icons and counts", async () => {
    await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log failed, \d+ errors, [\d.]+k? tokens/.test(item)), START_MS);
    await vs.command("LogSieve: Focus on Failures View");
    const [cause] = await vs.until("failures", vs.failures, (rows) => rows.length > 1);
    assert.ok(cause?.includes("root cause") && cause.includes(`line ${root.line.toLocaleString("en")}`), cause);
    await vs.until("badge", vs.badge, (badge) => badge === "2");
    await vs.open("compile.log");
    const rows = await vs.until("both logs", vs.failures, (seen) => seen.some((row) => row.startsWith("compile.log")));
    assert.match(rows[0] ?? "", /^build\.log ?failed · 2 errors$/);
    assert.equal(rows[1], cause);
    const icons = await vs.failureIcons();
    assert.deepEqual(icons.slice(0, 3), ["error", "target", "error"]);
    await vs.until("badge", vs.badge, (badge) => Number(badge) > 2);
    await screenshot("tree");
    await vs.open("build.log"); // long: VS Code is to ask for the tokens of what it shows
    const text = await vs.until("the text", () => vs.colourOf("collecting"), (colour) => colour !== "");
    await vs.until("a path in its colour", () => vs.colourOf("tests/test_prices.py"), (colour) => colour !== "" && colour !== text);
    await vs.open("compile.log");
  });

  await check("a failure is copied from its row", async () => {
    await page.evaluate(() => navigator.clipboard.writeText("before"));
    await vs.failureAction(1, "Copy This Failure");
    const copied = await vs.until("clipboard", vs.clipboard, (copy) => copy !== "before");
    assert.ok(copied.includes(root.contains), copied.slice(0, 500)); // of the log in the row, not of the one in front
  });

  await check("the tree is filtered by text and by severity, and says so", async () => {
    const all = await vs.failures();
    await vs.command("LogSieve: Filter Failures by Text");
    await vs.until("question", vs.pick.title, (titles) => titles.some((title) => title.includes("contain")));
    await page.keyboard.type("TypeError");
    const matches = (/** @type {string} */ row) => row.includes(".log") || /TypeError/i.test(row);
    await vs.until("fewer", vs.failures, (seen) => seen.length < all.length && seen.some((row) => /TypeError/.test(row)) && seen.every(matches));
    await vs.until("told", vs.failuresMessage, (message) => /^\d+ of \d+ are shown/.test(message));
    await vs.press("Enter");
    await screenshot("filtered");
    const clear = async () => {
      await vs.command("LogSieve: Clear Filter of Failures");
      await vs.until("all", vs.failures, (seen) => seen.length === all.length);
      await vs.until("nothing told", vs.failuresMessage, (message) => message === "");
    };
    await clear();
    assert.ok((await vs.failureIcons()).includes("warning"));
    await vs.command("LogSieve: List Errors Only");
    await vs.until("told", vs.failuresMessage, (message) => /are shown/.test(message)); // comes before the rows
    await vs.until("errors only", vs.failureIcons, (icons) => icons.includes("error") && !icons.includes("warning"));
    await clear();
  });

  const reduced = () => vs.lines("logsieve://reduced");
  const numbersIn = (/** @type {string[]} */ rows) => rows.map((row) => /^ *(\d+) \|/.exec(row)?.[1]).filter((number) => number !== undefined).map(Number).sort((one, other) => one - other);

  await check("a click on what was left out shows it in place", async () => {
    await vs.open("build.log");
    await vs.command("LogSieve: Open Reduced Log");
    await vs.until("cause", reduced, (rows) => rows.some((row) => row.includes(`${root.line} |`) && row.includes(root.contains)));
    await vs.until("the root cause named here too", vs.labels, (seen) => seen.includes('"◀ root cause"'));
    await vs.until("the log where the reduced log is", () => vs.lineNumbers("vscode-remote:"), (numbers) => numbers.some((number) => Math.abs(number - root.line) < 60));
    await vs.press("Control+Home");
    await vs.until("top", reduced, (rows) => rows.some((row) => /^\s*\.\.\. \|/.test(row)));
    await screenshot("reduced");
    const gap = page.locator('.monaco-editor[data-uri^="logsieve://reduced"] .view-line', { hasText: /^\s*\.\.\.\s\|/ }).first();
    const before = numbersIn(await reduced());
    await gap.locator("span").first().click();
    const after = await vs.until("more lines", async () => numbersIn(await reduced()), (numbers) => numbers.filter((number) => !before.includes(number)).length > 2);
    assert.equal(after[0], 1);
    await screenshot("expanded");
  });

  await check("the log and its reduced log scroll together", async () => {
    await vs.press("Control+1");
    await vs.command("Unfold All");
    await vs.goTo(root.line);
    await vs.until("cause in the reduced log", reduced, (rows) => rows.some((row) => row.includes(`${root.line} |`)));
    await screenshot("together");
    const there = numbersIn(await reduced());
    await vs.press("Control+Home");
    await vs.until("earlier", async () => numbersIn(await reduced()), (numbers) => (numbers[0] ?? 0) < (there[0] ?? 0));
    await vs.press("Control+End");
    await vs.until("later", async () => numbersIn(await reduced()), (numbers) => (numbers.at(-1) ?? 0) > (there.at(-1) ?? 0));
  });

  await check("what was shown is hidden again, and Enter leads from a row to the line of the log", async () => {
    await vs.press("Control+2");
    await vs.press("Control+Home");
    await vs.command("LogSieve: Show or Hide Lines Left Out Here");
    await vs.until("hidden", async () => numbersIn(await reduced()), (numbers) => !numbers.includes(1));
    await vs.press("Control+Home");
    await vs.press("ArrowDown"); // below what was left out
    const first = numbersIn(await reduced())[0] ?? assert.fail("no number");
    await vs.press("Enter");
    await vs.cursorOn(first);
    await vs.until("the log is in front", () => vs.lines(""), (rows) => numbersIn(rows).length === 0);
  });

  await check("the reduced log gets another size, in its place", async () => {
    const tabs = (await vs.tabs()).length;
    const [larger = ""] = await vs.documents("logsieve://reduced");
    await vs.command("LogSieve: Change Size of Reduced Log");
    await vs.until("sizes", vs.pick.title, (titles) => titles.some((title) => title.startsWith("How large")));
    await screenshot("sizes");
    await page.keyboard.type("500");
    await vs.press("Enter");
    await vs.until("another in front", () => vs.documents(""), ([uri = "", ...more]) => more.length === 0 && uri.startsWith("logsieve://reduced") && uri !== larger);
    await vs.until("smaller", async () => (await vs.lines("")).length, (rows) => rows > 0 && rows < 40);
    await vs.until("one tab for another", vs.tabs, (now) => now.length === tabs);
  });

  await check("the root cause is named on its line", async () => {
    await vs.press("Control+1");
    await vs.until("the log in front", vs.activeTab, (tab) => tab === "build.log");
    await vs.command("LogSieve: Go to Root Cause");
    await vs.cursorOn(root.line);
    await vs.until("label", vs.labels, (labels) => labels.includes('"◀ root cause"'));
  });

  await check("behind the last failure of a log comes the first one of the next open log", async () => {
    await vs.press("Alt+Period");
    await vs.until("the second failure", vs.positions, ([now]) => now !== undefined && !now.startsWith(`Ln ${root.line},`));
    await vs.press("Alt+Period");
    await vs.until("the other log", vs.activeTab, (tab) => tab === "compile.log");
    await vs.press("Alt+Comma");
    await vs.until("the first log", vs.activeTab, (tab) => tab === "build.log");
  });

  await check("the reduced log is copied as an issue and as Markdown", async () => {
    const copy = async (/** @type {string} */ title) => {
      await page.evaluate(() => navigator.clipboard.writeText("before"));
      await vs.command(`LogSieve: ${title}`);
      return vs.until("clipboard", vs.clipboard, (seen) => seen !== "before");
    };
    const copied = await copy("Copy Reduced Log as an Issue");
    assert.match(copied, /^## What happened\n[^]*<details open>[^]*`build\.log`, \d+ of its lines[^]*```text\n[^]*\n```\n/);
    assert.ok(copied.includes(root.contains));
    const markdown = await copy("Copy Reduced Log as Markdown");
    assert.match(markdown, /^`build\.log`, \d+ of its lines \([\d,]+ left out\):\n\n```text\n[^]*\n```\n$/);
    assert.ok(markdown.includes(root.contains));
  });

  await check("the reduced log is saved where the user says", async () => {
    const file = path.join(code.workspace, "build.log.reduced.txt");
    assert.ok(!existsSync(file));
    await vs.command("LogSieve: Save Reduced Log");
    await vs.until("question", vs.pick.title, (titles) => titles.some((title) => title.includes("Save the reduced log")));
    const named = page.locator(".quick-input-widget .quick-input-box input");
    await vs.until("a name", () => named.inputValue(), (value) => value === file);
    await vs.press("Enter");
    await vs.until("the file", async () => existsSync(file) && readFileSync(file, "utf8"), (text) => text !== false && text.includes(root.contains) && text.endsWith("\n"));
  });

  await check("keys lead from section to section", async () => {
    await vs.open("ci.log");
    await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log failed, 8 errors/.test(item)));
    await vs.goTo(1);
    await vs.cursorOn(1);
    await vs.command("LogSieve: Go to Next Section");
    const [first] = await vs.until("a section", vs.positions, ([now]) => now !== undefined && !now.startsWith("Ln 1,"));
    await vs.press("Alt+BracketRight");
    await vs.until("the next", vs.positions, ([now]) => now !== undefined && now !== first);
    await vs.press("Alt+BracketLeft");
    await vs.until("back", vs.positions, ([now]) => now === first);
    await vs.goTo(70);
    await vs.until("breadcrumbs", vs.breadcrumbs, (crumbs) => crumbs.includes("tsc -p ."));
  });

  await check("behind the last section of a log comes the first one of the next open log", async () => {
    await vs.open("maven.log");
    await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log failed, 5 errors/.test(item)));
    await vs.press("Control+Home");
    await vs.cursorOn(1);
    await vs.press("Alt+BracketLeft");
    await vs.until("the log before", vs.activeTab, (tab) => tab === "ci.log");
    await vs.press("Alt+BracketRight");
    await vs.until("and back", vs.activeTab, (tab) => tab === "maven.log");
  });

  await check("findings of several sections stand below their section", async () => {
    await vs.open("ci.log");
    await vs.command("LogSieve: Focus on Failures View");
    await vs.press("Home"); // the rows that are in view are there
    const at = (/** @type {string[]} */ rows) => rows.findIndex((row) => row.startsWith("ci.log"));
    const all = await vs.until("sections", vs.failures, (rows) => at(rows) >= 0 && rows.some((row) => row.startsWith("prettier --check")));
    const rows = all.slice(at(all) + 1);
    assert.match(rows[0] ?? "", /^tsc -p \. ?7 errors · line 63$/);
    assert.match(rows[1] ?? "", /root cause/);
    assert.match(rows[8] ?? "", /^prettier --check fmt\/ugly\.js ?1 error · line 6$/); // behind what was found in the first one
    const icons = (await vs.failureIcons()).slice(at(all) + 1);
    assert.deepEqual([icons[0], icons[8]], ["error", "error"]);
    await vs.failure("prettier --check", 0);
    await vs.until("where it begins", vs.positions, ([now]) => now?.startsWith("Ln 6,") === true);
  });

  await check("colours are shown, their codes are not", async () => {
    await vs.open("coloured.log");
    await vs.until("red", () => vs.colourOf("✘"), (colour) => colour === "rgb(205, 49, 49)"); // the theme's red of the terminal
    await vs.until("no codes", () => vs.lines(""), (rows) => rows.length > 3 && !rows.some((row) => /\[\d+m/.test(row)));
    await screenshot("colours");
  });

  await check("what is selected anywhere is triaged", async () => {
    await vs.open("notes.md");
    await vs.until("the text", () => vs.lines(""), (rows) => rows.some((row) => row.includes("INFO")));
    await vs.press("Control+a");
    await vs.command("LogSieve: Triage Selection");
    await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log failed/.test(item)));
    await vs.until("in the tree", vs.failures, (rows) => rows.some((row) => /^Untitled-1/.test(row)));
    await screenshot("selection");
  });

  await check("what is selected in the terminal is triaged, and the clipboard stays as it was", async () => {
    await vs.command("Terminal: Create New Terminal");
    await page.locator(".terminal-wrapper.active .xterm-screen").waitFor();
    await page.evaluate(() => navigator.clipboard.writeText("before"));
    await page.keyboard.type("tail -n 12 build.log; echo the e''nd\n");
    await vs.until("what it says", () => page.locator(".xterm-rows").allInnerTexts(), (texts) => texts.some((text) => text.replaceAll("\u00a0", " ").includes("the end")));
    await vs.command("Terminal: Select All");
    await vs.command("LogSieve: Triage Selection of the Terminal");
    await vs.until("a log of its own", vs.activeTab, (tab) => tab === "Untitled-2");
    await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log failed/.test(item)));
    await vs.until("its text", () => vs.lines(""), (rows) => rows.some((row) => row.includes("FAILED tests/")));
    assert.equal(await vs.clipboard(), "before");
    await vs.command("Terminal: Kill the Active Terminal Instance");
  });

  await check("what stands in the output is triaged", async () => {
    await vs.command("LogSieve: Show Output");
    const output = page.locator(".panel .monaco-editor .view-line", { hasText: /\S/ }).first();
    await output.click();
    await vs.press("Shift+F10");
    await page.locator(".context-view .action-menu-item", { hasText: "Triage Selection" }).hover();
    await vs.press("Enter");
    await vs.until("a log of its own", vs.activeTab, (tab) => tab === "Untitled-3");
    await vs.command("View: Hide Panel");
  });

  await check("the walkthrough opens, and its sample log is triaged", async () => {
    await vs.command("LogSieve: Get Started");
    await page.locator(".gettingStartedContainer", { hasText: "Open a failing log" }).first().waitFor();
    await screenshot("walkthrough");
    await vs.command("LogSieve: Open Sample Log");
    await vs.until("the sample", vs.activeTab, (tab) => tab === "sample.log");
    await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log failed, 2 errors/.test(item)));
  });

  await quiet();
} finally {
  await stop();
}
