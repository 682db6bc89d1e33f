/** Read-only documents that the client writes itself: what is sent to a model, and what it answers. */

import * as vscode from "vscode";

export const SCHEME = "logsieve-text";
/** A stream brings many small pieces; drawing each would make the editor flicker. */
const REDRAW_MS = 80;

interface Written {
  text: string;
  source: vscode.Uri | undefined;
}

export class Documents implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly written = new Map<string, Written>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly registrations: vscode.Disposable[];
  private count = 0;

  constructor() {
    this.registrations = [
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.workspace.onDidCloseTextDocument((document) => this.written.delete(document.uri.toString())),
    ];
  }

  /** A new document; `source` is the log that its line references mean. The extension of the name gives the language. */
  create(name: string, text: string, source?: vscode.Uri): vscode.Uri {
    this.count += 1;
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}`, query: String(this.count) });
    this.written.set(uri.toString(), { text, source });
    return uri;
  }

  append(uri: vscode.Uri, text: string): void {
    this.replace(uri, this.provideTextDocumentContent(uri) + text);
  }

  replace(uri: vscode.Uri, text: string): void {
    const key = uri.toString();
    const written = this.written.get(key);
    if (written === undefined) return; // closed meanwhile
    written.text = text;
    if (this.timers.has(key)) return;
    const redraw = (): void => {
      this.timers.delete(key);
      this.changed.fire(uri);
    };
    this.timers.set(key, setTimeout(redraw, REDRAW_MS));
  }

  sourceOf(uri: vscode.Uri): vscode.Uri | undefined {
    return this.written.get(uri.toString())?.source;
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.written.get(uri.toString())?.text ?? "";
  }

  dispose(): void {
    this.timers.forEach(clearTimeout);
    vscode.Disposable.from(...this.registrations, this.changed).dispose();
  }
}
