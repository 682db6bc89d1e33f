/** The reduced log as a read-only document beside the log. The server writes its text (`workspace/textDocumentContent`). */

import { randomUUID } from "node:crypto";
import * as path from "node:path";
import * as vscode from "vscode";
import { LSPErrorCodes, ResponseError, WorkDoneProgress } from "vscode-languageclient/node";
import type { Connection } from "./client";
import { config } from "./config";
import type { Failures } from "./failures";
import { isReduced } from "./gaps";
import { columnOf, open } from "./layout";
import { activeUri, archiveOf, logOf, type Logs } from "./logs";
import * as protocol from "./protocol";

/** How long to wait for what is known already before the user is told that it is being worked out. */
const QUIET_MS = 400;
/** In tokens; the one of the settings is offered as well. */
const BUDGETS = [500, 1000, 2000, 4000, 8000, 16_000, 32_000];
/** What a line of a log takes, more or less. */
const TOKENS_A_LINE = 20;

/** Opens the reduced log on the line of the root cause, of an archive that of the first log that failed; a large log is analysed first, which the user may give up. `budget` in tokens. What was opened, if any. */
export async function openReduced(connection: Connection, logs: Logs, log: vscode.Uri, budget?: number): Promise<vscode.Uri | undefined> {
  const client = await connection.get();
  const view = await analysed(connection, log, budget);
  if (view === undefined) return undefined;
  const uri = client.protocol2CodeConverter.asUri(view.uri);
  logs.join(view.logs.map((one) => client.protocol2CodeConverter.asUri(one).toString()));
  const column = columnOf(log);
  const viewColumn = columnOf(uri) ?? reducedTabs(log)[0]?.group.viewColumn ?? (column === undefined ? vscode.ViewColumn.Active : column + 1);
  await open(uri, new vscode.Position(view.line, 0), { viewColumn, preview: false });
  return uri;
}

/** A server that has just started knows nothing of the views that are shown: it is asked for them again, and for the jobs of their archives. */
export function bringBackViews(connection: Connection): vscode.Disposable {
  return connection.onStarted(async () => {
    const views = vscode.workspace.textDocuments.filter(({ uri }) => uri.scheme === protocol.SCHEME);
    const archives = views.map(({ uri }) => archiveOf(logOf(uri))?.toString()).filter((archive) => archive !== undefined);
    try {
      await Promise.all([...new Set(archives)].map((archive) => analysed(connection, vscode.Uri.parse(archive), undefined)));
      for (const { uri } of views) await connection.readAnew(uri);
    } catch (error) {
      connection.output.warn(`bringBackViews: ${String(error)}`); // a file that is gone, for one: what is shown stays
    }
  });
}

/** Asks how large the reduced log shall be, and shows it so in place of what is shown now. */
export async function chooseBudget(connection: Connection, logs: Logs, log: vscode.Uri): Promise<void> {
  const set = config.budget();
  const sizes = [...new Set([...BUDGETS, set])].sort((one, other) => one - other);
  const standard = vscode.l10n.t("as set in the settings");
  const items = sizes.map((budget) => ({
    label: vscode.l10n.t("{0} tokens", budget.toLocaleString("en")),
    description: budget === set ? standard : "",
    detail: vscode.l10n.t("about {0} lines", (Math.round(budget / TOKENS_A_LINE / 10) * 10).toLocaleString("en")),
    budget,
  }));
  const choice = await vscode.window.showQuickPick(items, { title: vscode.l10n.t("How large shall the reduced log be?") });
  if (choice === undefined) return;
  const shown = await openReduced(connection, logs, log, choice.budget); // not what is in front: the user may have gone elsewhere meanwhile
  if (shown === undefined) return;
  await vscode.window.tabGroups.close(reducedTabs(log).filter(({ input }) => input instanceof vscode.TabInputText && input.uri.toString() !== shown.toString()));
}

function reducedTabs(log: vscode.Uri): vscode.Tab[] {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  return tabs.filter(({ input }) => input instanceof vscode.TabInputText && isReduced(input.uri) && logOf(input.uri).toString() === log.toString());
}

/** Triages a file of any size, or all logs of an archive: the one given, the log in front, or one that the user is asked for. */
export async function triageFile(connection: Connection, logs: Logs, failures: Failures, given: vscode.Uri | undefined): Promise<void> {
  const log = given ?? logInFront() ?? (await ask());
  if (log === undefined) return;
  const document = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === log.toString());
  if (document?.languageId === "plaintext") await vscode.languages.setTextDocumentLanguage(document, "log");
  const shown = await openReduced(connection, logs, log);
  if (shown !== undefined) await failures.reveal(logOf(shown));
}

/** What is in front and may be a log: one by its language, a view of one, or a file that is too large to have a document. */
function logInFront(): vscode.Uri | undefined {
  const uri = activeUri();
  if (uri === undefined) return undefined;
  if (uri.scheme === protocol.SCHEME) return logOf(uri);
  const document = vscode.workspace.textDocuments.find((open) => open.uri.toString() === uri.toString());
  if (document === undefined) return uri.scheme === "file" ? uri : undefined;
  return ["log", "plaintext"].includes(document.languageId) && document.uri.scheme !== "output" ? uri : undefined;
}

async function ask(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({ title: vscode.l10n.t("Triage a log"), openLabel: vscode.l10n.t("Triage") });
  return chosen?.[0];
}

/** The view of a log once it has been analysed; undefined where the user gave up waiting. */
async function analysed(connection: Connection, log: vscode.Uri, budget: number | undefined): Promise<protocol.ReducedViewResult | undefined> {
  const client = await connection.get();
  const workDoneToken = randomUUID();
  const params = { uri: client.code2ProtocolConverter.asUri(log), workDoneToken, ...(budget !== undefined && { budget }) };
  const giveUp = new vscode.CancellationTokenSource();
  let done = 0;
  let told: vscode.Progress<{ increment?: number }> | undefined;
  const progress = client.onProgress(WorkDoneProgress.type, workDoneToken, (value) => {
    const percentage = value.kind === "report" ? (value.percentage ?? 0) : 0;
    told?.report({ increment: Math.max(0, percentage - done) });
    done = told === undefined ? 0 : Math.max(done, percentage);
  });
  const view = client.sendRequest(protocol.reducedView, params, giveUp.token);
  try {
    const quick = await Promise.race([view, new Promise((resolve) => setTimeout(resolve, QUIET_MS, undefined))]);
    if (quick !== undefined) return await view;
    const title = vscode.l10n.t("LogSieve: reading {0}", path.posix.basename(log.path));
    return await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, (shown, token) => {
      told = shown;
      token.onCancellationRequested(() => giveUp.cancel());
      return view;
    });
  } catch (error) {
    if (error instanceof ResponseError && error.code === LSPErrorCodes.RequestCancelled) return undefined;
    throw error;
  } finally {
    progress.dispose();
    giveUp.dispose();
  }
}
