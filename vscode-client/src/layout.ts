/** Where things open: a log in the column it is in, documents about it in the one beside it. */

import * as vscode from "vscode";

export function beside(log: vscode.Uri): vscode.ViewColumn {
  const column = columnOf(log);
  return column === undefined ? vscode.ViewColumn.Beside : column + 1;
}

/** Shows a line (1-based) of a log. */
export async function showLine(log: vscode.Uri, number: number): Promise<void> {
  const place = new vscode.Position(Math.max(0, number - 1), 0);
  const viewColumn = columnOf(log) ?? vscode.ViewColumn.One;
  await vscode.window.showTextDocument(log, { viewColumn, selection: new vscode.Range(place, place) });
}

function columnOf(uri: vscode.Uri): vscode.ViewColumn | undefined {
  const shows = ({ input }: vscode.Tab): boolean => input instanceof vscode.TabInputText && input.uri.toString() === uri.toString();
  return vscode.window.tabGroups.all.find(({ tabs }) => tabs.some(shows))?.viewColumn;
}

/** Wraps long lines in the active editor, whatever the user's setting: there is no option to say so when a document opens. */
export async function wrapLines(): Promise<void> {
  const wraps = vscode.workspace.getConfiguration("editor", vscode.window.activeTextEditor?.document).get("wordWrap");
  if (wraps === "off") await vscode.commands.executeCommand("editor.action.toggleWordWrap");
}
