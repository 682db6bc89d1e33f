// What the extension gives to VS Code, asked of VS Code's own interfaces.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const vscode = require("vscode");

const folder = vscode.workspace.workspaceFolders[0].uri;
const { root } = JSON.parse(fs.readFileSync(path.join(folder.fsPath, "labels.json"), "utf8"));
const log = vscode.Uri.joinPath(folder, "build.log");

/** Repeats `look` until it gives something that is enough; mocha's timeout is the limit. */
async function until(look, enough = Boolean) {
  for (;;) {
    const seen = await look();
    if (enough(seen)) return seen;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const ofLogSieve = (uri) => vscode.languages.getDiagnostics(uri).filter(({ source }) => source === "logsieve");

describe("a failing log", () => {
  let editor;

  before(async function () {
    this.timeout(120_000); // a cold start on a busy machine
    editor = await vscode.window.showTextDocument(log);
    await until(() => ofLogSieve(log).length);
  });

  it("the root cause is the first error", () => {
    const first = ofLogSieve(log).find(({ severity }) => severity === vscode.DiagnosticSeverity.Error);
    assert.equal(first.range.start.line + 1, root.line);
    assert.ok(editor.document.lineAt(first.range.start.line).text.includes(root.contains));
    assert.match(String(first.code?.value ?? first.code), /^[\w-]+\/[\w-]+$/);
  });

  it("next and previous failure go around", async () => {
    // What a command selects is told back later: before that, the next command would start from an older selection.
    const run = async (name) => {
      const moved = new Promise((resolve) => {
        const listening = vscode.window.onDidChangeTextEditorSelection(({ selections }) => {
          listening.dispose();
          resolve(selections[0].active.line + 1);
        });
      });
      await vscode.commands.executeCommand(name);
      return moved;
    };
    assert.equal(await run("logsieve.rootCause"), root.line);
    const next = await run("logsieve.nextFailure");
    assert.ok(next > root.line, `next failure on line ${next}`);
    assert.equal(await run("logsieve.previousFailure"), root.line);
    await run("cursorTop");
    const first = await run("logsieve.nextFailure");
    const last = await run("logsieve.previousFailure"); // around the start
    assert.ok(first <= root.line && last >= next, `first ${first}, last ${last}`);
    assert.equal(await run("logsieve.nextFailure"), first); // around the end
  });

  it("a code action copies the failure", async () => {
    const range = editor.document.lineAt(root.line - 1).range;
    const actions = await vscode.commands.executeCommand("vscode.executeCodeActionProvider", log, range);
    const names = actions.map(({ command }) => command?.command);
    for (const name of ["copyReduced", "copyFinding", "openReduced", "explain"]) assert.ok(names.includes(`logsieve.${name}`), `${name} in ${names}`);
    await vscode.env.clipboard.writeText("before");
    const { command } = actions.find((action) => action.command?.command === "logsieve.copyFinding");
    await vscode.commands.executeCommand(command.command, ...command.arguments);
    const copied = await vscode.env.clipboard.readText();
    assert.ok(copied.includes(root.contains), copied);
  });

  it("the outline holds the failure and a hover explains it", async () => {
    const symbols = await until(() => vscode.commands.executeCommand("vscode.executeDocumentSymbolProvider", log), (found) => found?.length);
    const flat = (list) => list.flatMap((symbol) => [symbol, ...flat(symbol.children)]);
    assert.ok(flat(symbols).some(({ selectionRange }) => selectionRange.start.line + 1 === root.line));
    const [hover] = await vscode.commands.executeCommand("vscode.executeHoverProvider", log, new vscode.Position(root.line - 1, 3));
    const [content] = hover.contents;
    assert.ok(content.value.length > 20, content.value);
    assert.ok(!content.isTrusted && !content.supportHtml, "log text would be trusted");
  });

  it("the line numbers of the reduced log are links to the log", async () => {
    await vscode.commands.executeCommand("logsieve.openReduced");
    const view = vscode.window.activeTextEditor.document;
    assert.equal(view.uri.scheme, "logsieve");
    const links = await until(() => vscode.commands.executeCommand("vscode.executeLinkProvider", view.uri), (found) => found?.length);
    const link = links.find(({ range }) => view.getText(range) === String(root.line));
    await vscode.commands.executeCommand(link.target.path, ...JSON.parse(link.target.query));
    const shown = vscode.window.activeTextEditor;
    assert.deepEqual([shown.document.uri.toString(), shown.selection.active.line + 1], [log.toString(), root.line]);
    assert.equal(shown.viewColumn, vscode.ViewColumn.One, "the log is shown where it was, not on top of the reduced log");
    const [place] = await vscode.commands.executeCommand("vscode.executeDefinitionProvider", view.uri, link.range.start);
    assert.equal((place.uri ?? place.targetUri).toString(), log.toString());
    assert.equal((place.range ?? place.targetRange).start.line + 1, root.line);
  });

  it("the reduced log follows the log", async () => {
    const view = vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === "logsieve");
    const edit = new vscode.WorkspaceEdit();
    const line = editor.document.lineAt(root.line - 1);
    edit.insert(log, line.range.end, " EDITED");
    await vscode.workspace.applyEdit(edit);
    await until(() => view.getText().includes(`${root.contains} EDITED`));
  });
});

describe("other documents", () => {
  it("a pasted log in an untitled document is recognised, prose is not", async () => {
    const [pasted, prose] = await Promise.all([
      vscode.workspace.openTextDocument({ language: "plaintext", content: fs.readFileSync(log.fsPath, "utf8") }),
      vscode.workspace.openTextDocument({ language: "plaintext", content: "Dear diary,\nan error was made.\n".repeat(9) }),
    ]);
    await vscode.window.showTextDocument(pasted);
    await until(() => ofLogSieve(pasted.uri).length);
    assert.deepEqual(ofLogSieve(prose.uri), []);
    await vscode.window.showTextDocument(prose);
    await vscode.commands.executeCommand("logsieve.triageFile");
    const triaged = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === prose.uri.toString());
    assert.equal(triaged.languageId, "log");
    assert.equal(vscode.window.activeTextEditor.document.uri.authority, "reduced");
  });
});

describe("the server", () => {
  /** The process that the extension host started as `logsieve lsp`. */
  const server = () => {
    const isOurs = (pid) => {
      try {
        const parent = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ")[1];
        return Number(parent) === process.pid && fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").endsWith("logsieve\0lsp\0");
      } catch {
        return false; // it ended meanwhile
      }
    };
    return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).find(isOurs);
  };
  const isNew = (old) => (pid) => pid !== undefined && pid !== old;

  it("gives the same after a restart", async () => {
    const old = server();
    assert.ok(old);
    await vscode.commands.executeCommand("logsieve.restart");
    await until(server, isNew(old));
    await vscode.window.showTextDocument(log);
    const [first] = await until(() => ofLogSieve(log), (found) => found.length);
    assert.equal(first.range.start.line + 1, root.line);
  });

  it("is started again when it is killed", async () => {
    const old = server();
    process.kill(old, "SIGKILL");
    await until(server, isNew(old));
    const reduced = async () => {
      await vscode.env.clipboard.writeText("");
      await vscode.commands.executeCommand("logsieve.copyReduced", log);
      return vscode.env.clipboard.readText();
    };
    await until(reduced, (text) => text.includes(root.contains));
  });
});
