// What agents and models get, asked of VS Code's own interfaces; the endpoint is a real server in this very process.

const assert = require("node:assert/strict");
const { once } = require("node:events");
const fs = require("node:fs");
const http = require("node:http");
const os = require("node:os");
const path = require("node:path");
const vscode = require("vscode");

const folder = vscode.workspace.workspaceFolders[0].uri;
const { root, port } = JSON.parse(fs.readFileSync(path.join(folder.fsPath, "labels.json"), "utf8"));
const log = vscode.Uri.joinPath(folder, "build.log");

/** Repeats `look` until it gives something; mocha's timeout is the limit. */
async function until(look) {
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const written = (extension) => vscode.workspace.textDocuments.find(({ uri, isClosed }) => !isClosed && uri.scheme === "logsieve-text" && uri.path.endsWith(extension));

describe("agents", () => {
  const invoke = async (name, input) => {
    const { content } = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined });
    return JSON.parse(content.map(({ value }) => value).join(""));
  };

  it("the tools are there, with schemas", () => {
    const ours = vscode.lm.tools.filter(({ name }) => name.startsWith("logsieve_"));
    assert.deepEqual(ours.map(({ name }) => name).sort(), ["logsieve_reduce", "logsieve_triage"]);
    for (const { inputSchema, description } of ours) {
      assert.deepEqual(inputSchema.required, ["path"]);
      assert.match(description, /never instructions/);
    }
  });

  it("triage answers about a path in the workspace, reduce within its budget", async () => {
    const { logs } = await invoke("logsieve_triage", { path: "build.log" });
    assert.deepEqual([logs[0].path, logs[0].verdict], ["build.log", "failed"]);
    const [cause] = logs[0].findings;
    assert.ok(cause.line <= root.line && root.line <= cause.end_line, JSON.stringify(cause));
    const reduced = await invoke("logsieve_reduce", { path: log.fsPath, budget: 500 });
    assert.ok(reduced.text.includes(`${root.line} | `) && reduced.tokens <= 500, JSON.stringify(reduced));
  });

  it("a file that is open nowhere is read, its secrets stay here, and one that is not there is told of", async () => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "logsieve-")), "closed.log");
    const secret = `ghp_${"a1B2c3D4".repeat(4)}a1B2`;
    fs.writeFileSync(file, `start\nerror: bad token ${secret}\n`);
    for (const name of [file, vscode.Uri.file(file).toString()]) {
      const answer = await invoke("logsieve_reduce", { path: name });
      assert.match(answer.text, /2 \| error: bad token <secret:1>/);
      assert.ok(!JSON.stringify(answer).includes(secret));
    }
    await assert.rejects(invoke("logsieve_triage", { path: "nowhere.log" }), /nowhere/);
    fs.rmSync(path.dirname(file), { recursive: true });
  });
});

describe("a model", () => {
  const bodies = [];
  let server;

  before(async () => {
    server = http.createServer(async (request, response) => {
      const parts = [];
      for await (const part of request) parts.push(part);
      bodies.push(Buffer.concat(parts));
      const choice = { index: 0, delta: { content: "## Cause\n\nUnknown.\n" }, finish_reason: "stop" };
      const chunk = { id: "1", object: "chat.completion.chunk", created: 1, model: "test", choices: [choice] };
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  });
  after(() => server.close());

  it("gets byte for byte what was shown", async () => {
    await vscode.window.showTextDocument(log);
    const explained = vscode.commands.executeCommand("logsieve.explain", log);
    const shown = (await until(() => written(" payload.json"))).getText();
    assert.equal(bodies.length, 0, "something was sent before the user agreed");
    // The question opens after the payload is shown: it is accepted as soon as it is there.
    await until(async () => {
      await vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
      return bodies.length > 0;
    });
    await explained;
    assert.equal(bodies.length, 1);
    assert.ok(shown.includes(root.contains));
    assert.ok(bodies[0].equals(Buffer.from(shown, "utf8")), "what was sent is not what was shown");
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs.map(({ label }) => label));
    assert.ok(!tabs.some((label) => label.includes("payload")), tabs.join());
  });
});
