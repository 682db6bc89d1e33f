/** The status bar item: verdict and counts of the log in front, its cause in the tooltip, the commands on a click. */

import * as vscode from "vscode";
import type { Logs } from "./logs";
import type { StatusParams } from "./protocol";

const ICON = { failed: "error", passed: "pass", unknown: "question" } as const;
const WORD = { failed: "failed", passed: "passed", unknown: "no verdict" } as const;

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
    this.item.text = `$(${params.busy ? "sync~spin" : ICON[params.verdict]}) ${summary(params)}`;
    this.item.accessibilityInformation = { label: `LogSieve: ${summary(params)}`, role: "button" };
    this.item.tooltip = tooltip(params);
    this.item.show();
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }
}

function summary({ verdict, errors, warnings }: StatusParams): string {
  const counts = [count(errors, "error"), count(warnings, "warning")].filter((text) => text !== "");
  return [`Log ${WORD[verdict]}`, ...counts].join(", ");
}

function count(number: number, noun: string): string {
  return number === 0 ? "" : `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/** Titles and reasons come out of the log: they are appended as text, never as Markdown. */
function tooltip({ title, why, lines, noiseLines, tokens }: StatusParams): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  if (title !== null) text.appendMarkdown("**Root cause:** ").appendText(title).appendMarkdown("\n\n");
  if (why !== "") text.appendText(why).appendMarkdown("\n\n");
  const number = (value: number): string => value.toLocaleString("en");
  return text.appendText(`${number(lines)} lines, ${number(noiseLines)} of them noise; reduced to ${number(tokens)} tokens`);
}
