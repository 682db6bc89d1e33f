// From a log of another machine to the code and back, in the real workbench. Usage: node source.mjs EDITORS VSIX LOG CODE (the file that it names).

import assert from "node:assert/strict";
import path from "node:path";
import { serverCommand, startEditor } from "./editor.mjs";
import { startModel } from "./model.mjs";
import { startScenario } from "./scenario.mjs";
import { START_MS } from "./workbench.mjs";

const [editors = "", vsix = "", log = "", source = ""] = process.argv.slice(2);
const model = await startModel();
const files = { "build.log": log, "src/shop/test_tax.py": source };
const settings = {
  "logsieve.server.command": serverCommand(),
  "logsieve.semantic.lines": 0,
  "logsieve.llm.endpoint": model.endpoint,
  "logsieve.llm.model": "test-model",
};
const code = await startEditor({ editors, vsix, files, settings });
const { page, vs, screenshot, check, start, quiet, stop } = await startScenario("source", editors, code, model, [code.opening("build.log")]);
const file = code.remote(path.join(code.workspace, "src/shop/test_tax.py"));

try {
  await start();

  await check("a click on a frame opens the file at the line", async () => {
    await vs.until("links", () => vs.links("vscode-remote:"), (links) => links.some((link) => link.includes("test_tax.py")), START_MS);
    await vs.openLink("vscode-remote:", "test_tax.py");
    await vs.until("the code in front", () => vs.lines(file), (lines) => lines.length > 0);
    await vs.cursorOn(5);
  });

  await check("the failure stands on the line of code, and the test says how often it failed", async () => {
    await vs.until("mark", () => vs.squiggles(file), (count) => count === 1);
    const lenses = () => page.locator(".codelens-decoration").allInnerTexts();
    await vs.until("lens", lenses, (texts) => texts.some((text) => text.replaceAll("\u00a0", " ").includes("1 failure in build.log")));
  });
  await screenshot("code");

  await check("that leads back to the log", async () => {
    await page.locator(".codelens-decoration a").first().click();
    await vs.until("the log in front", () => vs.lines(""), (lines) => lines.some((line) => line.includes("1 failed in")));
  });

  await check("what is typed is searched for, and lines like that of the cursor", async () => {
    await vs.command("LogSieve: Search This Log");
    await vs.until("question", vs.pick.title, (titles) => titles.some((title) => title.includes("Search in build.log")));
    await page.keyboard.type("rates asert");
    await vs.until("found", vs.pick.focused, (rows) => rows.some((row) => row.includes("assert RATES['xx'] == 3")));
    await screenshot("search");
    await vs.press("Enter");
    await vs.cursorOn(5);
    await vs.goTo(6);
    await vs.command("LogSieve: Find Lines Like This");
    await vs.until("found", vs.pick.focused, (rows) => rows.some((row) => row.includes("KeyError")));
    await vs.press("Enter");
    await vs.until("another line", vs.positions, (items) => items.some((item) => /^Ln (8|10),/.test(item)));
  });

  await check("what an explanation quotes of the code leads to the file and line", async () => {
    await vs.command("LogSieve: Explain Failure");
    await vs.until("question", vs.pick.title, (titles) => titles.some((title) => title.includes(model.endpoint)));
    await vs.press("Enter"); // Send once
    await vs.until("request", async () => model.bodies.length, (count) => count === 1);
    assert.ok(model.bodies[0]?.includes("no rate is too high")); // the function went along
    model.say("## Cause\n\nIt does not get as far as `assert max(RATES) < 50, 'no rate is too high'`.\n");
    model.end();
    await vs.until("link", () => vs.links("logsieve-text:"), (links) => links.some((link) => link.includes("no rate is too high")));
    await screenshot("quoted");
    await vs.openLink("logsieve-text:", "no rate is too high");
    await vs.until("the code in front", vs.activeTab, (tab) => tab === "test_tax.py");
    await vs.until("its line", () => page.locator(".editor-group-container.active .active-line-number").allInnerTexts(), (numbers) => numbers.includes("6"));
    await vs.command("View: Close All Editors in Group");
    await vs.until("the code once", vs.tabs, (tabs) => tabs.join() === "build.log,test_tax.py");
  });

  await check("what the log said goes with it", async () => {
    await page.locator(".tab .label-name", { hasText: "test_tax.py" }).click();
    await vs.command("View: Close Other Editors in Group");
    await vs.until("no mark", () => vs.squiggles(file), (count) => count === 0);
  });

  await quiet();
} finally {
  await stop();
}
