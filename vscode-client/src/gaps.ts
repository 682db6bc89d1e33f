/** Rows of views: numbers in the colour of line numbers; what stands for lines left out looks like it, and a click or Enter shows them in place. */

import * as vscode from "vscode";
import type { Connection } from "./client";
import { showLine } from "./layout";
import { beyond, isWindow, numberOf } from "./links";
import { logOf } from "./logs";
import * as protocol from "./protocol";

const GAP = /^ *\.\.\. \| /;

const gaps = vscode.window.createTextEditorDecorationType({
  isWholeLine: true,
  cursor: "pointer",
  fontStyle: "italic",
  color: new vscode.ThemeColor("textLink.foreground"),
  backgroundColor: new vscode.ThemeColor("editor.foldBackground"),
  before: { contentText: "▸", margin: "0 0.5ch 0 0" }, // the sign of a fold; long rows end out of sight
});
const numbers = vscode.window.createTextEditorDecorationType({ color: new vscode.ThemeColor("editorLineNumber.foreground"), fontStyle: "normal" });

export class Gaps implements vscode.Disposable {
  private readonly registrations: vscode.Disposable[];

  constructor(private readonly connection: Connection) {
    const drawAll = (): void => vscode.window.visibleTextEditors.forEach(draw);
    this.registrations = [
      gaps,
      numbers,
      vscode.window.onDidChangeVisibleTextEditors(drawAll),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document.uri.scheme === protocol.SCHEME) drawAll();
      }),
      vscode.window.onDidChangeTextEditorSelection((event) => void this.clicked(event)),
    ];
    drawAll();
  }

  /** Shows what a row stands for, or hides it again; on other rows that were always there nothing happens. */
  async toggle(editor: vscode.TextEditor, row: number): Promise<void> {
    if (!isReduced(editor.document.uri)) throw new Error(vscode.l10n.t("open the reduced log first"));
    const client = await this.connection.get();
    const uri = client.code2ProtocolConverter.asUri(editor.document.uri);
    const { line } = await client.sendRequest(protocol.expand, { uri, line: row });
    if (line !== null) await this.connection.readAnew(editor.document.uri);
  }

  /** What Enter does in a view, where nothing can be typed: to what is behind a row. */
  async follow(editor: vscode.TextEditor): Promise<void> {
    const { document, selection } = editor;
    const row = selection.active.line;
    if (isGap(document, row)) return this.toggle(editor, row);
    const { earlier, later } = isWindow(document.uri) ? beyond(document) : {};
    const number = numberOf(document, row) ?? (row === 0 ? earlier : later);
    if (number !== undefined) await showLine(this.connection, logOf(document.uri), number);
  }

  /** A click, not the end of a selection with the mouse. */
  private async clicked({ textEditor, kind, selections }: vscode.TextEditorSelectionChangeEvent): Promise<void> {
    const [only] = selections;
    if (kind !== vscode.TextEditorSelectionChangeKind.Mouse || selections.length !== 1 || only?.isEmpty !== true) return;
    if (isGap(textEditor.document, only.active.line)) await this.toggle(textEditor, only.active.line);
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }
}

export function isReduced(uri: vscode.Uri): boolean {
  return uri.scheme === protocol.SCHEME && uri.authority === "reduced";
}

function isGap(document: vscode.TextDocument, row: number): boolean {
  return isReduced(document.uri) && row < document.lineCount && GAP.test(document.lineAt(row).text);
}

function draw(editor: vscode.TextEditor): void {
  const { document } = editor;
  if (document.uri.scheme !== protocol.SCHEME) return;
  const rows = Array.from({ length: document.lineCount }, (_, row) => document.lineAt(row));
  const margin = (text: string): number => text.indexOf("|") + 1;
  editor.setDecorations(gaps, rows.filter(({ lineNumber }) => isGap(document, lineNumber)).map(({ range }) => range));
  editor.setDecorations(
    numbers,
    rows.filter(({ lineNumber }) => numberOf(document, lineNumber) !== undefined).map(({ range, text }) => range.with(undefined, range.start.translate(0, margin(text)))),
  );
}
