/** Explains a failure with a language model. Nothing leaves before the user has seen the exact payload and said so. */

import { randomUUID } from "node:crypto";
import * as path from "node:path";
import * as vscode from "vscode";
import { LSPErrorCodes, ResponseError } from "vscode-languageclient/node";
import type { Connection } from "./client";
import { config } from "./config";
import { agree, type Agreed } from "./consent";
import type { Documents } from "./documents";
import { beside } from "./layout";
import { chooseModel, EditorModel } from "./model";
import * as protocol from "./protocol";

export async function explain(connection: Connection, documents: Documents, log: vscode.Uri, finding?: number): Promise<void> {
  const client = await connection.get();
  const target = { uri: client.code2ProtocolConverter.asUri(log), ...(finding !== undefined && { finding }) };
  const model = config.provider() === "editor" ? await chooseModel() : undefined;
  const editor = model && new EditorModel(connection, model);
  const preview = editor ? await editor.preview(target) : await client.sendRequest(protocol.explainPreview, target);
  if (preview.problem !== null) {
    await tellProblem(preview.problem);
    return;
  }
  const name = path.posix.basename(log.path);
  const column = beside(log);
  const agreed = await agree(documents, preview, name, column);
  if (agreed === undefined) return;

  const answer = documents.create(`${name} explained.md`, "", log);
  await vscode.window.showTextDocument(answer, { viewColumn: column, preview: false, preserveFocus: true });
  const show = (text: string): void => documents.append(answer, text);
  try {
    const result = await withProgress(preview.model, (tell, token) =>
      editor ? editor.send(target.uri, preview, agreed, show, token) : send(connection, target, preview, agreed, show, tell, token),
    );
    documents.replace(answer, `${result.text === "" ? "" : `${result.header}\n\n`}${withoutLinks(result.text, target.uri)}${footer(result)}`.trimStart());
  } catch (error) {
    if (!isCancelled(error)) throw error;
    documents.append(answer, `\n*${vscode.l10n.t("Cancelled.")}*\n`);
  }
}

/** Has the server send what was previewed to the endpoint that is set. */
async function send(
  connection: Connection,
  target: { uri: string; finding?: number },
  preview: protocol.ExplainPreviewResult,
  agreed: Agreed,
  show: (text: string) => void,
  tell: (note: string) => void,
  token: vscode.CancellationToken,
): Promise<protocol.ExplainResult> {
  const client = await connection.get();
  const id = randomUUID();
  const listening = vscode.Disposable.from(
    connection.onChunk((chunk) => {
      if (chunk.id === id) show(chunk.text);
    }),
    connection.onNote((note) => {
      if (note.id === id) tell(note.text);
    }),
  );
  try {
    const params = { ...target, id, consent: true, remember: agreed === "always", payload: preview.payload };
    return await client.sendRequest(protocol.explain, params, token);
  } finally {
    listening.dispose();
  }
}

type Run = (tell: (note: string) => void, token: vscode.CancellationToken) => Promise<protocol.ExplainResult>;

function withProgress(model: string, run: Run): Thenable<protocol.ExplainResult> {
  const options = { location: vscode.ProgressLocation.Notification, title: vscode.l10n.t("LogSieve: {0} explains", model), cancellable: true };
  return vscode.window.withProgress(options, (progress, token) => run((message) => progress.report({ message }), token));
}

/** The server links what holds; in this document every line reference is a link anyway, so the addresses only clutter it. */
function withoutLinks(text: string, uri: string): string {
  const link = /\[(`.+?`|[^\]\n]*)\]\((\S*?)#L\d+\)/g;
  return text.replaceAll(link, (whole, label: string, target: string) => (target === uri ? label : whole));
}

function isCancelled(error: unknown): boolean {
  return error instanceof vscode.CancellationError || (error instanceof ResponseError && error.code === LSPErrorCodes.RequestCancelled);
}

/** What others say stands in indented code: nothing in it is live. */
function footer({ error, further }: protocol.ExplainResult): string {
  const sent = further.map((told) => `\n    ${told}`).join("");
  const failed = error === null ? "" : `\n\n**${vscode.l10n.t("The answer ended with an error:")}**\n\n    ${error.replaceAll("\n", " ")}\n`;
  return `${failed}${sent === "" ? "" : `\n\n*${vscode.l10n.t("Sent as well, because the model asked for it:")}*\n${sent}\n`}`;
}

async function tellProblem(problem: string): Promise<void> {
  const settings = vscode.l10n.t("Open Settings");
  if ((await vscode.window.showWarningMessage(problem, settings)) === settings) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "logsieve.llm");
  }
}
