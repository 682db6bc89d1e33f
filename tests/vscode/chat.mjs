// The chat, agents and models of the real workbench, with a model that the test answers for. Usage: node chat.mjs EDITORS VSIX LOG LABELS.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { repository, serverCommand, startEditor } from "./editor.mjs";
import { startModel } from "./model.mjs";
import { startScenario } from "./scenario.mjs";
import { START_MS } from "./workbench.mjs";

const [editors = "", vsix = "", log = "", labels = "{}"] = process.argv.slice(2);
/** @type {{root: {line: number, contains: string}}} */
const { root } = JSON.parse(labels);

const model = await startModel();
const settings = { "logsieve.server.command": serverCommand(), "logsieve.llm.provider": "editor", "chat.disableAIFeatures": false };
const code = await startEditor({ editors, vsix, files: { "build.log": log }, settings });
const outside = path.join(code.profile, "outside.log");
writeFileSync(outside, "start\nerror: the disk is full\n");
const tell = (/** @type {string} */ question) =>
  writeFileSync(path.join(code.workspace, "assistant.json"), JSON.stringify({ endpoint: model.endpoint, question }));
tell("");
const assistant = path.join(repository, "tests/vscode/assistant");
const { page, vs, screenshot, check, start, quiet, stop } = await startScenario("chat", editors, code, model, [code.opening("build.log"), ["extensionDevelopmentPath", code.remote(assistant)]]);

/** @param {string} question */
const ask = async (question) => {
  tell(question);
  await vs.command("Assistant: Ask What the Test Asks");
};
const asked = (/** @type {string[]} */ titles) => titles.some((title) => title.includes("editor:assistant"));
const requests = (/** @type {number} */ count) => vs.until(`request ${count}`, async () => model.bodies.length, (sent) => sent === count);
const said = (/** @type {string} */ words) => vs.until(words, vs.chat, (turns) => turns.some((turn) => turn.includes(words)));
/** @returns {{role: string, content: string}[]} */
const sent = (/** @type {number} */ index) => JSON.parse(model.bodies[index] ?? "[]");

try {
  await start();
  await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log failed, \d+ errors/.test(item)), START_MS);

  await check("the chat asks first, then shows what is checked as it comes, with links to lines", async () => {
    await ask("@logsieve /explain");
    await vs.until("question", vs.pick.title, asked);
    assert.equal(model.bodies.length, 0, "something was sent before the user agreed");
    await vs.until("payload", () => vs.lines("logsieve-text:"), (seen) => seen.some((line) => line.includes('"model": "assistant/test"')));
    await screenshot("consent");
    await vs.press("Enter"); // Send once
    await requests(1);
    const shown = JSON.parse(readFileSync(path.join(code.workspace, "payload.json"), "utf8"));
    assert.deepEqual(sent(0), shown.messages, "what was sent is not what was shown");
    assert.deepEqual(sent(0).map(({ role }) => role), ["user", "user"]);
    assert.ok(sent(0)[1]?.content.includes(root.contains));
    model.say(`## Cause\n\nThe tax is rounded down, see L${root.line}.\n`);
    await said("rounded down"); // the answer goes on
    model.say("\nThe log says `the moon is made of cheese, says nobody`.\n");
    model.end();
    await said("not found in the log");
    await said("1 of 2 lines and quotes found");
    await screenshot("explained");
    await vs.goTo(1);
    await vs.chatAnchor(`build.log#${root.line}`);
    await vs.cursorOn(root.line);
  });

  await check("a question goes with what was said before; consent is remembered", async () => {
    await ask("@logsieve Why down, and not up?");
    await vs.until("question", vs.pick.title, asked);
    await vs.press("ArrowDown"); // Always for this endpoint
    await vs.press("Enter");
    await requests(2);
    const [, , before, question] = sent(1).slice(0, 4);
    assert.equal(before?.role, "assistant");
    assert.match(before.content, /rounded down/);
    assert.deepEqual(question, { role: "user", content: "Why down, and not up?" });
    model.say("Because of floor().\n");
    model.end();
    await said("floor()");
  });

  await check("a chat that is cancelled shows nothing more", async () => {
    await ask("@logsieve /explain");
    await requests(3);
    assert.ok(!asked(await vs.pick.title()));
    model.say("It begins well.\n");
    await said("It begins well.");
    await vs.chatCancel();
    await vs.until("the chat idle", vs.chatBusy, (busy) => !busy);
    // VS Code 1.100 does not tell a model's extension that its answer is not wanted: what still comes is dropped.
    model.say("And it goes on.\n");
    model.end();
  });

  await check("reduce asks no model, and compare is reserved", async () => {
    await ask("@logsieve /reduce");
    await said("Open Reduced Log");
    await said(`${root.line} | `);
    await ask("@logsieve /compare");
    await said("is reserved");
    assert.equal(model.bodies.length, 3);
    assert.ok(!(await vs.chat()).some((turn) => turn.includes("And it goes on.")));
  });

  await check("an agent's tool reads the workspace, and asks before it reads what lies outside", async () => {
    await ask("build.log");
    await said('"verdict": "failed"');
    await ask(outside);
    await said("Read this log?");
    await screenshot("confirm");
    assert.ok(!(await vs.chat()).some((turn) => turn.includes("the disk is full")));
    await vs.chatButton("Continue");
    await said("the disk is full");
  });

  await check("the reduced log goes into the chat's input, where the user asks on", async () => {
    await vs.command("LogSieve: Send Reduced Log to Chat");
    await vs.until("question", vs.chatInput, (lines) => lines.some((line) => line.startsWith("Why did this run fail?")));
    assert.equal(model.bodies.length, 3);
  });

  await check("explain asks the editor's model, and can be cancelled", async () => {
    await vs.command("LogSieve: Explain Failure");
    await requests(4);
    model.say("## Cause\n\nIt is the tax.\n\nAnd");
    await vs.until("first words", () => vs.lines("logsieve-text:"), (seen) => seen.some((line) => line.includes("It is the tax.")));
    await vs.cancelNotification();
    await vs.until("told", () => vs.lines("logsieve-text:"), (seen) => seen.some((line) => line.includes("Cancelled.")));
  });

  await quiet();
} finally {
  await stop();
}
