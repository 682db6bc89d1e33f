/** The status bar item: verdict, counts and size of the reduced log of what is in front, its cause in the tooltip, the commands on a click. */

import * as vscode from "vscode";
import type { Logs } from "./logs";
import type { StatusParams, Verdict } from "./protocol";

const THEME: Record<Verdict, [icon: string, colour: string]> = {
  failed: ["error", "problemsErrorIcon.foreground"],
  passed: ["pass", "testing.iconPassed"],
  unknown: ["question", "icon.foreground"],
};
export const ICON: Record<Verdict, vscode.ThemeIcon> = {
  failed: icon("failed"),
  passed: icon("passed"),
  unknown: icon("unknown"),
};
export const WORD: Record<Verdict, string> = {
  failed: vscode.l10n.t("failed"),
  passed: vscode.l10n.t("passed"),
  unknown: vscode.l10n.t("no verdict"),
};

function icon(verdict: Verdict): vscode.ThemeIcon {
  const [name, colour] = THEME[verdict];
  return new vscode.ThemeIcon(name, new vscode.ThemeColor(colour));
}

export class Status implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("logsieve.status", vscode.StatusBarAlignment.Left, 0);
  private readonly registrations: vscode.Disposable[];

  constructor(private readonly logs: Logs) {
    this.item.name = "LogSieve";
    this.item.command = "logsieve.showMenu";
    this.registrations = [this.item, logs.onChange(() => this.show())];
  }

  private show(): void {
    const params = this.logs.status(this.logs.active());
    if (params === undefined) {
      this.item.hide();
      return;
    }
    this.item.text = `$(${params.busy ? "sync~spin" : THEME[params.verdict][0]}) ${summary(params)}`;
    this.item.accessibilityInformation = { label: `LogSieve: ${summary(params)}`, role: "button" };
    this.item.tooltip = tooltip(params);
    this.item.show();
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }
}

function summary(params: StatusParams): string {
  const size = params.tokens === 0 ? "" : vscode.l10n.t("{0} tokens", short(params.tokens));
  return [vscode.l10n.t("Log {0}", WORD[params.verdict]), counts(params), size].filter((text) => text !== "").join(", ");
}

/** What was found, in words; nothing where nothing was. */
export function counts({ errors, warnings }: Pick<StatusParams, "errors" | "warnings">): string {
  const errorCount = errors === 1 ? vscode.l10n.t("1 error") : vscode.l10n.t("{0} errors", errors.toLocaleString("en"));
  const warningCount = warnings === 1 ? vscode.l10n.t("1 warning") : vscode.l10n.t("{0} warnings", warnings.toLocaleString("en"));
  return [errors > 0 ? errorCount : "", warnings > 0 ? warningCount : ""].filter((text) => text !== "").join(", ");
}

/** 3,412 is read at once as 3.4k. */
function short(number: number): string {
  return number < 1000 ? String(number) : `${(number / 1000).toFixed(number < 9950 ? 1 : 0)}k`;
}

/** Titles and reasons come out of the log: they are appended as text, never as Markdown. */
function tooltip({ title, why, lines, noiseLines, tokens }: StatusParams): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  if (title !== null) text.appendMarkdown("**").appendText(vscode.l10n.t("Root cause:")).appendMarkdown("** ").appendText(title).appendMarkdown("\n\n");
  if (why !== "") text.appendText(why).appendMarkdown("\n\n");
  const number = (value: number): string => value.toLocaleString("en");
  return text.appendText(vscode.l10n.t("{0} lines, {1} of them noise; reduced to {2} tokens", number(lines), number(noiseLines), number(tokens)));
}
