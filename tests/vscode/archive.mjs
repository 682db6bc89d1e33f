// GitHub's zip of the logs of a run, which nobody unpacks. Usage: node archive.mjs EDITORS VSIX ZIP FACTS (JSON: cause, contains).

import assert from "node:assert/strict";
import { serverCommand, startEditor } from "./editor.mjs";
import { worker } from "./memory.mjs";
import { startScenario } from "./scenario.mjs";
import { START_MS } from "./workbench.mjs";

const [editors = "", vsix = "", zip = "", facts = "{}"] = process.argv.slice(2);
/** @type {{cause: number, contains: string}} */
const { cause, contains } = JSON.parse(facts);
const code = await startEditor({ editors, vsix, files: { "logs.zip": zip }, settings: { "logsieve.server.command": serverCommand() } });
const { page, vs, screenshot, check, start, quiet, stop } = await startScenario("archive", editors, code, undefined, []);
const shows = (/** @type {string[]} */ rows) => rows.some((row) => row.includes(`${cause} |`) && row.includes(contains));

try {
  await start();

  await check("an archive opens as one triage over its jobs, those that failed first", async () => {
    await page.locator(".explorer-folders-view .monaco-list-row", { hasText: "logs.zip" }).waitFor({ timeout: START_MS });
    await vs.fromExplorer("logs.zip", "Triage File");
    await vs.until("the reduced log of the job that failed", () => vs.lines("logsieve://reduced"), shows, START_MS);
    assert.deepEqual(await vs.tabs(), ["1_test (3.12).txt.reduced.log"]);
    const rows = await vs.until("all jobs", vs.failures, (seen) => seen.some((row) => row.startsWith("0_docs")));
    assert.match(rows[0] ?? "", /^1_test \(3\.12\)\.txt ?failed · 2 errors · logs\.zip$/);
    assert.ok(rows[1]?.includes("root cause") && rows[1].includes(cause.toLocaleString("en")), rows[1]);
    assert.ok(rows.some((row) => /^2_lint\.txt ?failed · 8 errors.* · logs\.zip$/.test(row)), rows.join("\n"));
    assert.match(rows.at(-1) ?? "", /^0_docs\.txt ?no verdict · logs\.zip$/);
    assert.ok(!rows.some((row) => row.includes("Set up job")), "the steps of a job are not told twice");
    await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log failed, 2 errors/.test(item)));
    await screenshot("tree");
  });

  await check("a finding leads to the lines around it in its job", async () => {
    await vs.failure("root cause", 0);
    await vs.until("window", () => vs.lines("logsieve://window/1_test"), shows);
    await vs.until("problem", () => vs.squiggles("logsieve://window/1_test"), (count) => count > 0);
    await vs.failure("root cause", 1);
    await vs.until("the other job", () => vs.lines("logsieve://window/2_lint"), (rows) => rows.some((row) => /^\s*\d+ \| /.test(row)));
    await screenshot("window");
  });

  await check("keys lead from the failures of one job to those of the next", async () => {
    await vs.until("the job in front", vs.activeTab, (tab) => tab.startsWith("2_lint.txt"));
    await vs.press("Control+Home");
    await vs.press("Alt+Comma");
    await vs.until("the job before", vs.activeTab, (tab) => tab.startsWith("1_test"));
  });

  await check("a server that is started again brings back the jobs, and what is known of their windows", async () => {
    const ofJobs = (/** @type {string[]} */ rows) => rows.filter((row) => row.includes("logs.zip")).join("\n");
    const before = ofJobs(await vs.failures());
    const old = worker() ?? assert.fail("no worker");
    await vs.command("LogSieve: Restart Server");
    await vs.until("another server", async () => worker(), (pid) => pid !== undefined && pid !== old, START_MS);
    await vs.until("problem", () => vs.squiggles("logsieve://window/1_test"), (count) => count > 0);
    await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log failed, 2 errors/.test(item)));
    await vs.until("the jobs", vs.failures, (rows) => ofJobs(rows) === before, START_MS);
  });

  await check("with the last tab of it the archive is closed", async () => {
    await vs.command("View: Close All Editors");
    await vs.until("no tree", vs.failures, (rows) => rows.length === 0);
  });

  await quiet();
} finally {
  await stop();
}
