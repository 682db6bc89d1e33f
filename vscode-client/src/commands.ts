/** What a user can do with a log. Code actions pass [uri, index of the finding]; the palette passes nothing: the active editor counts. */

import * as vscode from "vscode";
import type { Connection } from "./client";
import type { Documents } from "./documents";
import { explain } from "./explain";
import type { NoiseFolds } from "./folds";
import { showLine } from "./layout";
import { SHOW_LINE } from "./links";
import * as protocol from "./protocol";
import { openReduced } from "./reducedView";
import { findingAt, neighbour } from "./walk";

/** How long the note of a copy stays in the status bar. */
const NOTE_MS = 5000;

export function registerCommands(connection: Connection, documents: Documents, folds: NoiseFolds): vscode.Disposable {
  const walk = (step: 1 | -1) => async (): Promise<void> => {
    const editor = activeEditor();
    const found = await findings(connection, editor.document.uri);
    reveal(editor, neighbour(found, editor.selection.active.line, step));
  };
  const commands: Record<string, (uri?: unknown, finding?: unknown) => unknown> = {
    "logsieve.nextFailure": walk(1),
    "logsieve.previousFailure": walk(-1),
    "logsieve.rootCause": async () => {
      const editor = activeEditor();
      reveal(editor, (await findings(connection, editor.document.uri))[0]);
    },
    "logsieve.copyReduced": async (uri) => copy(connection, logOf(uri)),
    "logsieve.copyFinding": async (uri, index) => {
      const log = logOf(uri);
      await copy(connection, log, indexOf(index) ?? (await atCursor(connection, log)).index);
    },
    "logsieve.openReduced": async (uri) => openReduced(connection, logOf(uri)),
    "logsieve.explain": async (uri, index) => explain(connection, documents, logOf(uri), indexOf(index)),
    "logsieve.foldNoise": async () => folds.fold(activeEditor()),
    "logsieve.triageFile": async () => vscode.languages.setTextDocumentLanguage(activeEditor().document, "log"),
    [SHOW_LINE]: async (uri, line) => showLine(logOf(uri), indexOf(line) ?? 1),
    "logsieve.restart": async () => connection.restart(),
    "logsieve.showOutput": () => connection.output.show(),
    "logsieve.showMenu": showMenu,
  };
  const registrations = Object.entries(commands).map(([name, run]) =>
    vscode.commands.registerCommand(name, async (uri?: unknown, finding?: unknown) => {
      try {
        await run(uri, finding);
      } catch (error) {
        connection.output.error(`${name}: ${String(error)}`);
        void vscode.window.showErrorMessage(`LogSieve: ${error instanceof Error ? error.message : String(error)}`);
      }
    }),
  );
  return vscode.Disposable.from(...registrations);
}

function activeEditor(): vscode.TextEditor {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) throw new Error("open a log first");
  return editor;
}

/** A code action passes the server's text of the URI, a menu a vscode.Uri. */
function logOf(uri: unknown): vscode.Uri {
  if (typeof uri === "string") return vscode.Uri.parse(uri);
  return uri instanceof vscode.Uri ? uri : activeEditor().document.uri;
}

/** A menu passes its own context object in the second place. */
function indexOf(argument: unknown): number | undefined {
  return typeof argument === "number" ? argument : undefined;
}

async function findings(connection: Connection, log: vscode.Uri): Promise<protocol.Finding[]> {
  const client = await connection.get();
  const uri = client.code2ProtocolConverter.asUri(log);
  const result = await client.sendRequest(protocol.findings, { uri });
  if (result.findings.length === 0) throw new Error("no failure was found in this log");
  return result.findings;
}

/** The finding around the cursor, or the root cause. */
async function atCursor(connection: Connection, log: vscode.Uri): Promise<protocol.Finding> {
  const found = await findings(connection, log);
  const editor = vscode.window.activeTextEditor;
  const here = editor?.document.uri.toString() === log.toString() ? editor.selection.active.line : -1;
  const finding = findingAt(found, here) ?? found[0];
  if (finding === undefined) throw new Error("no failure was found in this log");
  return finding;
}

function reveal(editor: vscode.TextEditor, finding: protocol.Finding | undefined): void {
  if (finding === undefined) return;
  const line = editor.document.lineAt(Math.min(finding.anchor, editor.document.lineCount - 1));
  const place = new vscode.Position(line.lineNumber, line.firstNonWhitespaceCharacterIndex);
  editor.selection = new vscode.Selection(place, place);
  editor.revealRange(line.range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

async function copy(connection: Connection, log: vscode.Uri, finding?: number): Promise<void> {
  const client = await connection.get();
  const uri = client.code2ProtocolConverter.asUri(log);
  const reduced = await client.sendRequest(protocol.reduce, { uri, ...(finding !== undefined && { finding }) });
  await vscode.env.clipboard.writeText(reduced.text);
  const kept = reduced.lines.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  const redacted = reduced.redacted > 0 ? `, ${reduced.redacted} secrets redacted` : "";
  const note = `LogSieve: copied ${kept.toLocaleString("en")} lines (${reduced.tokens.toLocaleString("en")} tokens${redacted})`;
  vscode.window.setStatusBarMessage(note, NOTE_MS);
}

const MENU: [icon: string, label: string, command: string][] = [
  ["target", "Go to root cause", "logsieve.rootCause"],
  ["arrow-down", "Go to next failure", "logsieve.nextFailure"],
  ["arrow-up", "Go to previous failure", "logsieve.previousFailure"],
  ["clippy", "Copy reduced log", "logsieve.copyReduced"],
  ["copy", "Copy this failure", "logsieve.copyFinding"],
  ["filter", "Open reduced log", "logsieve.openReduced"],
  ["sparkle", "Explain failure with a language model", "logsieve.explain"],
  ["fold", "Fold noise", "logsieve.foldNoise"],
  ["output", "Show output", "logsieve.showOutput"],
];

async function showMenu(): Promise<void> {
  const items = MENU.map(([icon, label, command]) => ({ label: `$(${icon}) ${label}`, command }));
  const choice = await vscode.window.showQuickPick(items, { title: "LogSieve" });
  if (choice !== undefined) await vscode.commands.executeCommand(choice.command);
}
