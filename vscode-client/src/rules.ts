/** Rules for lines of logs, which the server writes: its commands are given a place, and take [uri, line]. */

import * as vscode from "vscode";
import { Failure } from "./failures";

const ABOUT_A_LINE: readonly string[] = ["logsieve.notAnError", "logsieve.alwaysAnError", "logsieve.hideLines"];

/** The arguments for the server: those of a code action as they are, else the failure of the tree, else the cursor's line. */
export function argumentsOf(command: string, given: unknown[]): unknown[] {
  if (!ABOUT_A_LINE.includes(command) || typeof given[0] === "string") return given;
  if (given[0] instanceof Failure) {
    const { uri, range } = given[0].finding.location;
    return [uri, range.start.line];
  }
  const editor = vscode.window.activeTextEditor;
  return editor ? [editor.document.uri.toString(), editor.selection.active.line] : [];
}
