/** Where documents about a log open: in the column beside it, always the same one. */

import * as vscode from "vscode";

export function beside(log: vscode.Uri): vscode.ViewColumn {
  const editor = vscode.window.visibleTextEditors.find(({ document }) => document.uri.toString() === log.toString());
  return editor?.viewColumn === undefined ? vscode.ViewColumn.Beside : editor.viewColumn + 1;
}

/** Wraps long lines in the active editor, whatever the user's setting: there is no option to say so when a document opens. */
export async function wrapLines(): Promise<void> {
  const wraps = vscode.workspace.getConfiguration("editor", vscode.window.activeTextEditor?.document).get("wordWrap");
  if (wraps === "off") await vscode.commands.executeCommand("editor.action.toggleWordWrap");
}
