/** What was found, in the margin of a log: a sign for each severity, of its own shape, and a filled one for the root cause, which is named at the end of its line. */

import * as vscode from "vscode";
import type { Failures } from "./failures";
import { numberOf } from "./links";
import { logOf, type Logs } from "./logs";
import { SCHEME, type Severity } from "./protocol";

const SEVERITIES = ["error", "warning", "info"] as const;

export class Marks implements vscode.Disposable {
  private readonly signs: Record<Severity, vscode.TextEditorDecorationType>;
  private readonly cause: vscode.TextEditorDecorationType;
  private readonly registrations: vscode.Disposable[];

  constructor(
    private readonly logs: Logs,
    private readonly failures: Failures,
    extension: vscode.Uri,
  ) {
    const icon = (name: Severity | "cause") => ({ gutterIconPath: vscode.Uri.joinPath(extension, "media", `${name}.svg`), gutterIconSize: "80%" });
    const sign = (severity: Severity): vscode.TextEditorDecorationType => vscode.window.createTextEditorDecorationType(icon(severity));
    this.signs = { error: sign("error"), warning: sign("warning"), info: sign("info") };
    this.cause = vscode.window.createTextEditorDecorationType({
      ...icon("cause"),
      isWholeLine: true,
      overviewRulerColor: new vscode.ThemeColor("editorOverviewRuler.errorForeground"),
      overviewRulerLane: vscode.OverviewRulerLane.Full,
      after: { contentText: `◀ ${vscode.l10n.t("root cause")}`, margin: "0 0 0 2em", fontWeight: "bold", color: new vscode.ThemeColor("problemsErrorIcon.foreground") },
    });
    this.registrations = [
      this.cause,
      ...Object.values(this.signs),
      failures.onDidChangeTreeData(() => void this.drawAll()),
      vscode.window.onDidChangeVisibleTextEditors(() => void this.drawAll()),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document.uri.scheme === SCHEME) void this.drawAll();
      }),
    ];
  }

  private async drawAll(): Promise<void> {
    await Promise.all(vscode.window.visibleTextEditors.map((editor) => this.draw(editor)));
  }

  private async draw(editor: vscode.TextEditor): Promise<void> {
    const { document } = editor;
    const log = logOf(document.uri).toString();
    const found = this.logs.status(log) === undefined ? [] : await this.failures.of(log);
    const rows = document.uri.scheme === SCHEME ? rowsOf(document) : undefined;
    const places = found.flatMap(({ finding }) => {
      const row = rows === undefined ? finding.line : rows.get(finding.line + 1);
      return row === undefined || row >= document.lineCount ? [] : [{ ...finding, range: document.lineAt(row).range }];
    });
    const isCause = ({ index, severity }: { index: number; severity: Severity }): boolean => index === 0 && severity === "error";
    for (const severity of SEVERITIES) {
      editor.setDecorations(this.signs[severity], places.filter((place) => place.severity === severity && !isCause(place)).map(({ range }) => range));
    }
    editor.setDecorations(this.cause, places.filter(isCause).map(({ range }) => range));
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }
}

/** The rows of a view by the log's numbers (1-based) that they show. */
function rowsOf(view: vscode.TextDocument): Map<number, number> {
  const rows = new Map<number, number>();
  for (let row = 0; row < view.lineCount; row += 1) {
    const number = numberOf(view, row);
    if (number !== undefined) rows.set(number, row);
  }
  return rows;
}
