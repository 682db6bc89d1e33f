/** From failure to failure, on into the next open log, and from section to section. */

import * as vscode from "vscode";
import type { Connection } from "./client";
import { columnOf, open } from "./layout";
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
  const [other] = found.around && isHere && step !== 0 ? others(logs, step, (log) => hasFailed(logs, log)) : [];
  if (other === undefined) return found;
  return client.sendRequest(protocol.failure, { uri: client.code2ProtocolConverter.asUri(other), step: params.step });
}

function hasFailed(logs: Logs, log: string): boolean {
  const status = logs.status(log);
  return status !== undefined && status.errors + status.warnings > 0;
}

/** The other open logs that are wanted, those after the one in front first, or those before it, in the order of the tabs, around the ends. */
function others(logs: Logs, step: -1 | 1, wanted: (log: string) => boolean): vscode.Uri[] {
  const all = step > 0 ? logs.open() : logs.open().reverse();
  const here = all.indexOf(logs.active() ?? "");
  return here < 0 ? [] : [...all.slice(here + 1), ...all.slice(0, here)].filter(wanted).map((log) => vscode.Uri.parse(log));
}

/** Moves the cursor to the first line of the next or previous section, at the ends of a log to one of the next open log; tells its title. */
export async function goToSection(logs: Logs, editor: vscode.TextEditor, step: -1 | 1): Promise<string | undefined> {
  const { uri } = editor.document;
  const here = editor.selection.active.line;
  const own = await sectionsOf(uri);
  const next = step > 0 ? own.find(({ line }) => line > here) : own.findLast(({ line }) => line < here);
  if (next !== undefined) return show(uri, next);
  const isShown = (log: string): boolean => vscode.workspace.textDocuments.some((document) => document.uri.toString() === log);
  for (const other of [...others(logs, step, isShown), uri]) {
    const there = (await sectionsOf(other)).at(step > 0 ? 0 : -1);
    if (there !== undefined) return show(other, there);
  }
  return undefined;
}

interface Section {
  line: number;
  name: string;
}

async function show(uri: vscode.Uri, { line, name }: Section): Promise<string> {
  await open(uri, new vscode.Position(line, 0), { viewColumn: columnOf(uri) ?? vscode.ViewColumn.Active });
  return name;
}

/** The sections of a log by the line that each begins on, the innermost one of those that begin together. */
async function sectionsOf(uri: vscode.Uri): Promise<Section[]> {
  const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[] | undefined>("vscode.executeDocumentSymbolProvider", uri);
  const starts = new Map(sections(symbols ?? []).map(({ name, range }) => [range.start.line, name]));
  return [...starts].map(([line, name]) => ({ line, name })).sort((one, other) => one.line - other.line);
}

function sections(symbols: vscode.DocumentSymbol[]): vscode.DocumentSymbol[] {
  return symbols.flatMap((symbol) => [...(symbol.kind === vscode.SymbolKind.Namespace ? [symbol] : []), ...sections(symbol.children)]);
}
