/** A log and views of it side by side scroll together: what the user scrolls leads, the others follow to the same line. */

import * as vscode from "vscode";
import { config } from "./config";
import { numberOf } from "./links";
import { logOf } from "./logs";
import { SCHEME } from "./protocol";

export function scrollTogether(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => {
      // Only the active editor leads: the others move because of it, and must not lead it in turn.
      if (textEditor === vscode.window.activeTextEditor) lead(textEditor);
    }),
    vscode.window.onDidChangeActiveTextEditor((editor) => {
      if (editor?.document.uri.scheme === SCHEME) lead(editor); // a view that has just opened, where it did
    }),
  );
}

function lead(leader: vscode.TextEditor): void {
  const top = leader.visibleRanges[0]?.start.line;
  if (top === undefined || !config.scrollTogether()) return;
  const log = logOf(leader.document.uri).toString();
  const others = vscode.window.visibleTextEditors.filter(({ document }) => document !== leader.document && logOf(document.uri).toString() === log);
  if (others.length === 0) return;
  const number = numberFrom(leader.document, top);
  if (number === undefined) return;
  for (const editor of others) {
    const row = rowOf(editor.document, number);
    editor.revealRange(new vscode.Range(row, 0, row, 0), vscode.TextEditorRevealType.AtTop);
  }
}

/** The log's number (1-based) of the first row from one on that has one. */
function numberFrom(document: vscode.TextDocument, row: number): number | undefined {
  for (let at = row; at < document.lineCount; at += 1) {
    const number = document.uri.scheme === SCHEME ? numberOf(document, at) : at + 1;
    if (number !== undefined) return number;
  }
  return undefined;
}

/** The last row that shows a line up to this number, or the first row. */
function rowOf(document: vscode.TextDocument, number: number): number {
  if (document.uri.scheme !== SCHEME) return Math.min(number, document.lineCount) - 1;
  let found = 0;
  for (let row = 0; row < document.lineCount; row += 1) {
    const here = numberOf(document, row);
    if (here !== undefined && here > number) break;
    if (here !== undefined) found = row;
  }
  return found;
}
