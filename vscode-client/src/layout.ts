/** Where things open: a log, or a window of it, in the column it is in; documents about it in the one beside it. */

import * as vscode from "vscode";
import type { Connection } from "./client";
import { activeUri, logOf } from "./logs";
import * as protocol from "./protocol";

/** The command that shows a place as the server names it. */
export const SHOW_PLACE = "logsieve.showPlace";

/** Where an explanation of a log opens. */
export function beside(log: vscode.Uri): vscode.ViewColumn {
  const column = columnOf(log);
  return column === undefined ? vscode.ViewColumn.Beside : column + 1;
}

/** Shows a line (1-based) of a log: the server knows whether in the log itself or in a window of it. */
export async function showLine(connection: Connection, log: vscode.Uri, number: number): Promise<void> {
  const client = await connection.get();
  const params = { uri: client.code2ProtocolConverter.asUri(log), line: Math.max(0, number - 1) };
  const { location } = await client.sendRequest(protocol.locate, params);
  await showPlace(connection, location);
}

export async function showPlace(connection: Connection, location: protocol.Location): Promise<void> {
  const client = await connection.get();
  const uri = client.protocol2CodeConverter.asUri(location.uri);
  const { start } = client.protocol2CodeConverter.asRange(location.range);
  const isInFront = activeUri()?.toString() === uri.toString();
  const viewColumn = isInFront ? vscode.ViewColumn.Active : (columnOf(uri) ?? columnFor(logOf(uri)));
  await open(uri, start, { viewColumn });
}

/** Opens a document on a place. Not `showTextDocument`, which would keep a closed view, and its problems, for minutes. */
export async function open(uri: vscode.Uri, place: vscode.Position, options: vscode.TextDocumentShowOptions): Promise<void> {
  await vscode.commands.executeCommand("vscode.open", uri, { ...options, selection: new vscode.Range(place, place) });
}

/** Views have the log's own line numbers in their text; a second column of numbers beside them would mislead. */
export function hideLineNumbers(editors: readonly vscode.TextEditor[]): void {
  for (const editor of editors) {
    if (editor.document.uri.scheme === protocol.SCHEME) editor.options = { lineNumbers: vscode.TextEditorLineNumbersStyle.Off };
  }
}

/** The column of a document, whichever it is in. */
export function columnOf(uri: vscode.Uri): vscode.ViewColumn | undefined {
  return columnWith((shown) => shown.toString() === uri.toString());
}

/** The column for the log's own text: where a window of it is, else the log, else beside the reduced log. */
function columnFor(log: vscode.Uri): vscode.ViewColumn {
  const shows = (kind: string) => (uri: vscode.Uri): boolean =>
    uri.scheme === protocol.SCHEME && uri.authority === kind && logOf(uri).toString() === log.toString();
  const reduced = columnWith(shows("reduced"));
  return columnWith(shows("window")) ?? columnOf(log) ?? (reduced === undefined ? vscode.ViewColumn.Active : reduced + 1);
}

function columnWith(wanted: (uri: vscode.Uri) => boolean): vscode.ViewColumn | undefined {
  const shows = ({ input }: vscode.Tab): boolean => input instanceof vscode.TabInputText && wanted(input.uri);
  return vscode.window.tabGroups.all.find(({ tabs }) => tabs.some(shows))?.viewColumn;
}

/** Wraps long lines in the active editor, whatever the user's setting: there is no option to say so when a document opens. */
export async function wrapLines(): Promise<void> {
  const wraps = vscode.workspace.getConfiguration("editor", vscode.window.activeTextEditor?.document).get("wordWrap");
  if (wraps === "off") await vscode.commands.executeCommand("editor.action.toggleWordWrap");
}
