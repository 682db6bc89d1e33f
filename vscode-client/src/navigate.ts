/** From failure to failure, on into the next open log, and from section to section. */

import * as vscode from "vscode";
import type { Connection } from "./client";
import type { Logs } from "./logs";
import * as protocol from "./protocol";

export type Step = -1 | 0 | 1 | "root";

/** The next or previous failure seen from the cursor in a log or a view of it; with 0 the one at the cursor. */
export async function findFailure(connection: Connection, logs: Logs, uri: vscode.Uri, step: Step): Promise<protocol.FailureResult> {
  const client = await connection.get();
  const editor = vscode.window.activeTextEditor;
  const isHere = step !== "root" && editor?.document.uri.toString() === uri.toString();
  const line = isHere ? { line: editor.selection.active.line } : {};
  const params = { uri: client.code2ProtocolConverter.asUri(uri), step: step === "root" ? 0 : step, ...line } as const;
  const found = await client.sendRequest(protocol.failure, params);
  const other = found.around && isHere && step !== 0 ? beside(logs, step) : undefined;
  if (other === undefined) return found;
  return client.sendRequest(protocol.failure, { uri: client.code2ProtocolConverter.asUri(other), step: params.step });
}

/** The open log with failures after the one in front, or before it, in the order of the tabs, around the ends. */
function beside(logs: Logs, step: -1 | 1): vscode.Uri | undefined {
  const failed = logs.open().filter((log) => {
    const status = logs.status(log);
    return log === logs.active() || (status !== undefined && status.errors + status.warnings > 0);
  });
  const here = failed.indexOf(logs.active() ?? "");
  const other = failed[(here + step + failed.length) % failed.length];
  return here < 0 || failed.length < 2 || other === undefined ? undefined : vscode.Uri.parse(other);
}

/** Moves the cursor to the first line of the next or previous section, around the ends of the log; tells its title. */
export async function goToSection(editor: vscode.TextEditor, step: -1 | 1): Promise<string | undefined> {
  const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>("vscode.executeDocumentSymbolProvider", editor.document.uri);
  const starts = new Map(sections(symbols).map(({ name, range }) => [range.start.line, name]));
  const lines = [...starts.keys()].sort((one, other) => one - other);
  const here = editor.selection.active.line;
  const next = step > 0 ? (lines.find((line) => line > here) ?? lines[0]) : (lines.findLast((line) => line < here) ?? lines.at(-1));
  if (next === undefined) return undefined;
  const place = new vscode.Position(next, 0);
  editor.selection = new vscode.Selection(place, place);
  editor.revealRange(new vscode.Range(place, place), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  return starts.get(next);
}

function sections(symbols: vscode.DocumentSymbol[]): vscode.DocumentSymbol[] {
  return symbols.flatMap((symbol) => [...(symbol.kind === vscode.SymbolKind.Namespace ? [symbol] : []), ...sections(symbol.children)]);
}
