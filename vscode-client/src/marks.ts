/** What was found, in the margin of a log: a sign for each severity, of its own shape, and the root cause named at the end of its line. */

import * as vscode from "vscode";
import type { Failures } from "./failures";
import type { Logs } from "./logs";
import { SCHEME, type Severity } from "./protocol";

const SEVERITIES = ["error", "warning", "info"] as const;

export class Marks implements vscode.Disposable {
  private readonly signs: Record<Severity, vscode.TextEditorDecorationType>;
  private readonly cause = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    overviewRulerColor: new vscode.ThemeColor("editorOverviewRuler.errorForeground"),
    overviewRulerLane: vscode.OverviewRulerLane.Full,
    after: { contentText: `◀ ${vscode.l10n.t("root cause")}`, margin: "0 0 0 2em", fontWeight: "bold", color: new vscode.ThemeColor("problemsErrorIcon.foreground") },
  });
  private readonly registrations: vscode.Disposable[];

  constructor(
    private readonly logs: Logs,
    private readonly failures: Failures,
    extension: vscode.Uri,
  ) {
    const sign = (severity: Severity): vscode.TextEditorDecorationType =>
      vscode.window.createTextEditorDecorationType({ gutterIconPath: vscode.Uri.joinPath(extension, "media", `${severity}.svg`), gutterIconSize: "80%" });
    this.signs = { error: sign("error"), warning: sign("warning"), info: sign("info") };
    this.registrations = [
      this.cause,
      ...Object.values(this.signs),
      failures.onDidChangeTreeData(() => void this.drawAll()),
      vscode.window.onDidChangeVisibleTextEditors(() => void this.drawAll()),
    ];
  }

  private async drawAll(): Promise<void> {
    await Promise.all(vscode.window.visibleTextEditors.map((editor) => this.draw(editor)));
  }

  private async draw(editor: vscode.TextEditor): Promise<void> {
    const { uri } = editor.document;
    if (uri.scheme === SCHEME) return; // views are of the server's making; its diagnostics mark them
    const log = uri.toString();
    const found = this.logs.status(log) === undefined ? [] : await this.failures.of(log);
    const last = editor.document.lineCount - 1;
    const places = found.filter(({ finding }) => finding.line <= last).map(({ finding }) => ({ ...finding, range: editor.document.lineAt(finding.line).range }));
    for (const severity of SEVERITIES) {
      editor.setDecorations(this.signs[severity], places.filter((place) => place.severity === severity).map(({ range }) => range));
    }
    editor.setDecorations(this.cause, places.filter(({ index, severity }) => index === 0 && severity === "error").map(({ range }) => range));
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }
}
