/** Explains a failure with a language model. Nothing leaves before the user has seen the exact payload and said so. */

import { randomUUID } from "node:crypto";
import * as path from "node:path";
import * as vscode from "vscode";
import { LSPErrorCodes, ResponseError, type LanguageClient } from "vscode-languageclient/node";
import type { Connection } from "./client";
import type { Documents } from "./documents";
import { beside, wrapLines } from "./layout";
import * as protocol from "./protocol";

type Answer = "once" | "always";

export async function explain(connection: Connection, documents: Documents, log: vscode.Uri, finding?: number): Promise<void> {
  const client = await connection.get();
  const target = { uri: client.code2ProtocolConverter.asUri(log), ...(finding !== undefined && { finding }) };
  const preview = await client.sendRequest(protocol.explainPreview, target);
  if (preview.problem !== null) {
    await tellProblem(preview.problem);
    return;
  }
  const name = path.posix.basename(log.path);
  const column = beside(log);
  const consent = preview.consented ? "always" : await ask(documents, preview, name, column);
  if (consent === undefined) return;

  const answer = documents.create(`${name} explained.md`, "", log);
  await vscode.window.showTextDocument(answer, { viewColumn: column, preview: false, preserveFocus: true });
  const id = randomUUID();
  const chunks = connection.onChunk((chunk) => {
    if (chunk.id === id) documents.append(answer, chunk.text);
  });
  try {
    const params = { ...target, id, consent: true, remember: consent === "always", payload: preview.payload };
    const result = await withProgress(client, params, preview.model);
    documents.replace(answer, `${withoutLinks(result.text, target.uri)}${footer(result)}`.trimStart());
  } catch (error) {
    if (!isCancelled(error)) throw error;
    documents.append(answer, "\n*Cancelled.*\n");
  } finally {
    chunks.dispose();
  }
}

function withProgress(client: LanguageClient, params: protocol.ExplainParams, model: string): Thenable<protocol.ExplainResult> {
  const options = { location: vscode.ProgressLocation.Notification, title: `LogSieve: ${model} explains`, cancellable: true };
  return vscode.window.withProgress(options, (_progress, token) => client.sendRequest(protocol.explain, params, token));
}

/** The server links what holds; in this document every line reference is a link anyway, so the addresses only clutter it. */
function withoutLinks(text: string, uri: string): string {
  const link = /\[(`.+?`|[^\]\n]*)\]\((\S*?)#L\d+\)/g;
  return text.replaceAll(link, (whole, label: string, target: string) => (target === uri ? label : whole));
}

function isCancelled(error: unknown): boolean {
  return error instanceof ResponseError && error.code === LSPErrorCodes.RequestCancelled;
}

function footer({ error, verified, unverified }: protocol.ExplainResult): string {
  if (error !== null) return `\n\n**The answer ended with an error:** ${error}\n`;
  if (verified + unverified === 0) return "";
  const missing = unverified === 0 ? "all of them hold" : `${unverified} of them not found, marked above`;
  return `\n\n---\n*Line numbers and quotes checked against the log: ${verified + unverified}, ${missing}.*\n`;
}

async function tellProblem(problem: string): Promise<void> {
  const settings = "Open Settings";
  if ((await vscode.window.showWarningMessage(problem, settings)) === settings) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "logsieve.llm");
  }
}

/** Shows what would be sent and asks. The question stays while the user scrolls through the payload. */
async function ask(
  documents: Documents,
  preview: protocol.ExplainPreviewResult,
  name: string,
  column: vscode.ViewColumn,
): Promise<Answer | undefined> {
  const payload = documents.create(`${name} payload.json`, preview.payload);
  await vscode.window.showTextDocument(payload, { viewColumn: column, preview: true });
  await wrapLines();
  const items: (vscode.QuickPickItem & { answer?: Answer })[] = [
    { label: "$(arrow-right) Send once", answer: "once" },
    { label: "$(check-all) Always for this endpoint", description: preview.endpoint, answer: "always" },
    { label: "$(close) Cancel", description: "nothing has been sent" },
  ];
  const tokens = preview.tokens.toLocaleString("en");
  const choice = await vscode.window.showQuickPick(items, {
    title: `Send about ${tokens} tokens to ${preview.model} at ${preview.endpoint}?`,
    placeHolder: "The document below is exactly what will be sent; secrets in it are redacted.",
    ignoreFocusOut: true,
  });
  await close(payload);
  return choice?.answer;
}

async function close(uri: vscode.Uri): Promise<void> {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  const mine = tabs.filter(({ input }) => input instanceof vscode.TabInputText && input.uri.toString() === uri.toString());
  await vscode.window.tabGroups.close(mine);
}
