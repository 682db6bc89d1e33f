/** Noise: folded once when a log opens, and named at the end of each fold's first line, where VS Code shows nothing itself. */

import * as vscode from "vscode";
import type { Connection, Folds } from "./client";
import { config } from "./config";
import * as protocol from "./protocol";

/** Labels are drawn on the lines in view and a screen around them: thousands at once are slow to draw. */
const AROUND = 100;

const FOLDED = "logsieve.folded";
/** Logs of which is known that their noise was folded. */
const REMEMBERED = 200;

interface Folded {
  log: string;
  lines: number;
}

const label = vscode.window.createTextEditorDecorationType({
  after: { color: new vscode.ThemeColor("editorCodeLens.foreground"), fontStyle: "italic", margin: "0 0 0 2em" },
});

export class NoiseFolds implements vscode.Disposable {
  private readonly noise = new Map<string, protocol.NoiseRun[]>();
  private readonly folded = new Set<string>();
  private readonly registrations: vscode.Disposable[];

  constructor(
    private readonly connection: Connection,
    private readonly memory: vscode.Memento,
  ) {
    this.registrations = [
      label,
      connection.onFolds((folds) => void this.update(folds)),
      vscode.window.onDidChangeActiveTextEditor((editor) => void this.foldOnOpen(editor)),
      vscode.window.onDidChangeVisibleTextEditors((editors) => {
        editors.forEach((editor) => this.draw(editor));
      }),
      vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => this.draw(textEditor)),
      vscode.workspace.onDidCloseTextDocument((document) => {
        this.noise.delete(document.uri.toString());
        if (this.folded.delete(document.uri.toString())) void this.remember(document);
      }),
    ];
  }

  /** Folds all noise of an editor that has the focus. */
  async fold(editor: vscode.TextEditor): Promise<void> {
    const starts = (this.noise.get(editor.document.uri.toString()) ?? []).map(({ start }) => start);
    if (starts.length > 0) await vscode.commands.executeCommand("editor.fold", { selectionLines: starts, levels: 1 });
  }

  private async update({ document, starts }: Folds): Promise<void> {
    const key = document.uri.toString();
    const client = await this.connection.get();
    const uri = client.code2ProtocolConverter.asUri(document.uri);
    const { noise } = await client.sendRequest(protocol.noise, { uri });
    if (document.isClosed) return;
    // Asked to fold a line without a fold of its own, VS Code would fold what is around it.
    this.noise.set(key, noise.filter(({ start }) => starts.has(start)));
    vscode.window.visibleTextEditors.filter((editor) => editor.document === document).forEach((editor) => this.draw(editor));
    await this.foldOnOpen(vscode.window.activeTextEditor);
  }

  /** `editor.fold` acts on the active editor, so a log that opens behind another one is folded when it comes to the front. */
  private async foldOnOpen(editor: vscode.TextEditor | undefined): Promise<void> {
    const key = editor?.document.uri.toString();
    if (editor === undefined || key === undefined || this.folded.has(key) || !config.foldOnOpen()) return;
    if ((this.noise.get(key) ?? []).length === 0) return;
    this.folded.add(key);
    // VS Code brings back the folds of a file as the user left them; with other lines it is the log of another run.
    const known = this.memory.get<Folded[]>(FOLDED, []).find(({ log }) => log === key);
    await this.remember(editor.document);
    if (known?.lines !== editor.document.lineCount) await this.fold(editor);
  }

  private async remember({ uri, lineCount }: vscode.TextDocument): Promise<void> {
    const log = uri.toString();
    const others = this.memory.get<Folded[]>(FOLDED, []).filter((known) => known.log !== log);
    await this.memory.update(FOLDED, [{ log, lines: lineCount }, ...others].slice(0, REMEMBERED));
  }

  private draw(editor: vscode.TextEditor): void {
    const noise = this.noise.get(editor.document.uri.toString());
    if (noise === undefined) return;
    const last = editor.document.lineCount - 1;
    const near = (line: number): boolean =>
      editor.visibleRanges.some(({ start, end }) => start.line - AROUND <= line && line <= end.line + AROUND);
    const labels = noise
      .filter(({ start }) => start <= last && near(start))
      .map(({ start, text }) => ({
        range: new vscode.Range(start, Number.MAX_SAFE_INTEGER, start, Number.MAX_SAFE_INTEGER),
        renderOptions: { after: { contentText: text } },
      }));
    editor.setDecorations(label, labels);
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }
}
