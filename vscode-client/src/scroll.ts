/** A log and views of it side by side scroll together: what the user scrolls leads, the others follow to the same line. */

import * as vscode from "vscode";
import { config } from "./config";
import { numberOf } from "./links";
import { logOf } from "./logs";
import { SCHEME } from "./protocol";

export function scrollTogether(): vscode.Disposable {
  return vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor, visibleRanges }) => {
    const top = visibleRanges[0]?.start.line;
    // Only the active editor leads: the others move because of it, and must not lead it in turn.
    if (top === undefined || textEditor !== vscode.window.activeTextEditor || !config.scrollTogether()) return;
    const log = logOf(textEditor.document.uri).toString();
    const others = vscode.window.visibleTextEditors.filter((editor) => editor !== textEditor && logOf(editor.document.uri).toString() === log);
    const followers = others.filter((editor) => editor.document !== textEditor.document);
    if (followers.length === 0) return;
    const number = numberFrom(textEditor.document, top);
    if (number === undefined) return;
    for (const editor of followers) {
      const row = rowOf(editor.document, number);
      editor.revealRange(new vscode.Range(row, 0, row, 0), vscode.TextEditorRevealType.AtTop);
    }
  });
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
