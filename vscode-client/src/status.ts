/** The status bar item: verdict and counts of the log in the active editor, its cause in the tooltip, the commands on a click. */

import * as vscode from "vscode";
import type { Connection } from "./client";
import type { StatusParams } from "./protocol";

const ICON = { failed: "error", passed: "pass", unknown: "question" } as const;
const WORD = { failed: "failed", passed: "passed", unknown: "no verdict" } as const;

export class Status implements vscode.Disposable {
  private readonly known = new Map<string, StatusParams>();
  private readonly item = vscode.window.createStatusBarItem("logsieve.status", vscode.StatusBarAlignment.Left, 0);
  private readonly registrations: vscode.Disposable[];

  constructor(connection: Connection) {
    this.item.name = "LogSieve";
    this.item.command = "logsieve.showMenu";
    this.registrations = [
      this.item,
      connection.onStatus((params) => {
        this.known.set(vscode.Uri.parse(params.uri).toString(), params);
        this.show();
      }),
      connection.onStopped(() => {
        this.known.clear();
        this.show();
      }),
      vscode.window.onDidChangeActiveTextEditor(() => this.show()),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.known.delete(uri.toString())),
    ];
  }

  private show(): void {
    const uri = vscode.window.activeTextEditor?.document.uri.toString();
    const params = uri === undefined ? undefined : this.known.get(uri);
    void vscode.commands.executeCommand("setContext", "logsieve.triaged", params !== undefined);
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
