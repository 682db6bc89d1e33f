/** What a user can do with a log. Code actions pass [uri, index of the finding], the tree a failure; else what is in front counts. */

import * as vscode from "vscode";
import { sendToChat } from "./chat";
import type { Connection } from "./client";
import { forgetConsent } from "./consent";
import type { Documents } from "./documents";
import { explain } from "./explain";
import { Failure, LogNode, type Failures } from "./failures";
import type { NoiseFolds } from "./folds";
import type { Gaps } from "./gaps";
import { open, SHOW_PLACE, showLine, showPlace } from "./layout";
import { beyond, isWindow, SHOW_LINE } from "./links";
import { logOf, type Logs } from "./logs";
import { findFailure, goToSection, type Step } from "./navigate";
import * as protocol from "./protocol";
import { chooseBudget, openReduced, triageFile } from "./reducedView";
import { findSimilar, search } from "./search";
import { NoServer } from "./server";
import { install } from "./setup";
import { kept, saveReduced, share, triageSelection, type Form } from "./share";

/** How long the note of a copy stays in the status bar. */
const NOTE_MS = 5000;

/** What commands act on. */
export interface Parts {
  connection: Connection;
  documents: Documents;
  folds: NoiseFolds;
  logs: Logs;
  failures: Failures;
  gaps: Gaps;
  /** The log of the walkthrough. */
  sample: vscode.Uri;
}

export function registerCommands({ connection, documents, folds, logs, failures, gaps, sample }: Parts): vscode.Disposable {
  const log = (target: unknown): vscode.Uri => logOf(documentOf(target) ?? front(logs));
  const failure = (step: Step): Promise<protocol.FailureResult> => findFailure(connection, logs, front(logs), step);
  const commands: Record<string, (target?: unknown, more?: unknown) => unknown> = {
    "logsieve.nextFailure": async () => showPlace(connection, (await failure(1)).location),
    "logsieve.previousFailure": async () => showPlace(connection, (await failure(-1)).location),
    "logsieve.rootCause": async () => showPlace(connection, (await failure("root")).location),
    "logsieve.nextSection": async () => section(logs, 1),
    "logsieve.previousSection": async () => section(logs, -1),
    "logsieve.copyReduced": async (target) => copy(connection, log(target), "text"),
    "logsieve.copyMarkdown": async (target) => copy(connection, log(target), "markdown"),
    "logsieve.copyIssue": async (target) => copy(connection, log(target), "issue"),
    "logsieve.saveReduced": async (target) => saveReduced(connection, log(target)),
    "logsieve.triageSelection": async () => failures.reveal(await triageSelection(false)),
    "logsieve.triageTerminal": async () => failures.reveal(await triageSelection(true)),
    "logsieve.copyFinding": async (target, index) =>
      copy(connection, log(target), "text", indexOf(target, index) ?? (await failure(0)).index),
    "logsieve.openReduced": async (target) => openReduced(connection, logs, log(target)),
    "logsieve.explain": async (target, index) => explain(connection, documents, log(target), indexOf(target, index)),
    "logsieve.sendToChat": async (target) => sendToChat(connection, log(target)),
    "logsieve.forgetConsent": async () => forgetConsent(connection),
    "logsieve.search": (target) => search(connection, documentOf(target) ?? front(logs)),
    "logsieve.findSimilar": async (target, line) =>
      findSimilar(connection, ...(typeof line === "number" ? [documentOf(target) ?? front(logs), line] as const : cursor())),
    "logsieve.foldNoise": async () => folds.fold(activeEditor()),
    "logsieve.triageFile": async (target) => triageFile(connection, logs, failures, target instanceof vscode.Uri ? target : undefined),
    "logsieve.openSample": async () => open(sample, new vscode.Position(0, 0), { preview: false }),
    "logsieve.walkthrough": async () => vscode.commands.executeCommand("workbench.action.openWalkthrough", "logsieve.logsieve#start", false),
    "logsieve.changeBudget": async (target) => chooseBudget(connection, logs, log(target)),
    "logsieve.toggleGap": async () => gaps.toggle(activeEditor(), activeEditor().selection.active.line),
    "logsieve.follow": async () => gaps.follow(activeEditor()),
    "logsieve.filterFailures": () => failures.askText(),
    "logsieve.errorsOnly": () => failures.showErrorsOnly(true),
    "logsieve.errorsAndWarnings": () => failures.showErrorsOnly(false),
    "logsieve.showAllFailures": () => failures.showAll(),
    "logsieve.earlier": async () => move(connection, "earlier"),
    "logsieve.later": async () => move(connection, "later"),
    [SHOW_LINE]: async (target, number) => showLine(connection, log(target), typeof number === "number" ? number : 1),
    [SHOW_PLACE]: async (place) => showPlace(connection, place as protocol.Location),
    "logsieve.install": async () => {
      if (await install(connection.home, connection.output)) await connection.restart();
    },
    "logsieve.restart": async () => connection.restart(),
    "logsieve.showOutput": () => connection.output.show(),
    "logsieve.showMenu": showMenu,
  };
  const registrations = Object.entries(commands).map(([name, run]) =>
    vscode.commands.registerCommand(name, async (target?: unknown, more?: unknown) => {
      try {
        await run(target, more);
      } catch (error) {
        connection.output.error(`${name}: ${String(error)}`);
        if (error instanceof NoServer) await connection.failed(error);
        else void vscode.window.showErrorMessage(`LogSieve: ${error instanceof Error ? error.message : String(error)}`);
      }
    }),
  );
  return vscode.Disposable.from(...registrations);
}

function activeEditor(): vscode.TextEditor {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) throw new Error(vscode.l10n.t("open a log first"));
  return editor;
}

function cursor(): [vscode.Uri, number] {
  const { document, selection } = activeEditor();
  return [document.uri, selection.active.line];
}

function front(logs: Logs): vscode.Uri {
  const uri = logs.target();
  if (uri === undefined) throw new Error(vscode.l10n.t("open a log first"));
  return uri;
}

/** The document that a command is given: by a code action as the server's text of the URI, by a menu as a vscode.Uri. */
function documentOf(target: unknown): vscode.Uri | undefined {
  if (target instanceof Failure || target instanceof LogNode) return target.log;
  if (typeof target === "string") return vscode.Uri.parse(target);
  return target instanceof vscode.Uri ? target : undefined;
}

/** A menu passes its own context object in the second place. */
function indexOf(target: unknown, index: unknown): number | undefined {
  if (target instanceof Failure) return target.finding.index;
  return typeof index === "number" ? index : undefined;
}

async function section(logs: Logs, step: -1 | 1): Promise<void> {
  const title = await goToSection(logs, activeEditor(), step);
  vscode.window.setStatusBarMessage(title ?? vscode.l10n.t("LogSieve: this log has no sections"), NOTE_MS);
}

/** From a window to the lines before or after it. */
async function move(connection: Connection, where: "earlier" | "later"): Promise<void> {
  const { document } = activeEditor();
  if (!isWindow(document.uri)) throw new Error(vscode.l10n.t("this is no window of a log"));
  const number = beyond(document)[where];
  if (number !== undefined) await showLine(connection, logOf(document.uri), number);
  else vscode.window.setStatusBarMessage(where === "earlier" ? vscode.l10n.t("LogSieve: the log has no earlier lines") : vscode.l10n.t("LogSieve: the log has no later lines"), NOTE_MS);
}

async function copy(connection: Connection, log: vscode.Uri, form: Form, finding?: number): Promise<void> {
  const { text, reduced } = await share(connection, log, form, finding);
  await vscode.env.clipboard.writeText(text);
  const kinds = [...new Set(reduced.redacted.map((found) => found.kind))].join(", ");
  const [lines, tokens] = [kept(reduced).toLocaleString("en"), reduced.tokens.toLocaleString("en")];
  const note =
    kinds === ""
      ? vscode.l10n.t("LogSieve: copied {0} lines ({1} tokens)", lines, tokens)
      : vscode.l10n.t("LogSieve: copied {0} lines ({1} tokens, redacted: {2})", lines, tokens, kinds);
  vscode.window.setStatusBarMessage(note, NOTE_MS);
}

const MENU: ([icon: string, label: string, command: string] | "")[] = [
  ["target", vscode.l10n.t("Go to root cause"), "logsieve.rootCause"],
  ["arrow-down", vscode.l10n.t("Go to next failure"), "logsieve.nextFailure"],
  ["arrow-up", vscode.l10n.t("Go to previous failure"), "logsieve.previousFailure"],
  ["list-flat", vscode.l10n.t("Go to next section"), "logsieve.nextSection"],
  ["search", vscode.l10n.t("Search this log"), "logsieve.search"],
  ["list-tree", vscode.l10n.t("List failures"), "logsieve.failures.focus"],
  "",
  ["filter", vscode.l10n.t("Open reduced log"), "logsieve.openReduced"],
  ["settings", vscode.l10n.t("Change size of reduced log"), "logsieve.changeBudget"],
  ["clippy", vscode.l10n.t("Copy reduced log"), "logsieve.copyReduced"],
  ["markdown", vscode.l10n.t("Copy reduced log as Markdown"), "logsieve.copyMarkdown"],
  ["issues", vscode.l10n.t("Copy reduced log as an issue"), "logsieve.copyIssue"],
  ["save", vscode.l10n.t("Save reduced log"), "logsieve.saveReduced"],
  ["copy", vscode.l10n.t("Copy this failure"), "logsieve.copyFinding"],
  "",
  ["sparkle", vscode.l10n.t("Explain failure with a language model"), "logsieve.explain"],
  ["comment-discussion", vscode.l10n.t("Send reduced log to chat"), "logsieve.sendToChat"],
  "",
  ["fold", vscode.l10n.t("Fold noise"), "logsieve.foldNoise"],
  ["output", vscode.l10n.t("Show output"), "logsieve.showOutput"],
];

async function showMenu(): Promise<void> {
  const separator = { label: "", command: "", kind: vscode.QuickPickItemKind.Separator };
  const items = MENU.map((item) => (item === "" ? separator : { label: `$(${item[0]}) ${item[1]}`, command: item[2] }));
  const choice = await vscode.window.showQuickPick(items, { title: "LogSieve" });
  if (choice !== undefined) await vscode.commands.executeCommand(choice.command);
}
