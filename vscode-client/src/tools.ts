/** What agents in VS Code can do with logs: two of the tools of `logsieve mcp`, answered by the server that runs already. */

import { realpath } from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";
import type { Connection } from "./client";
import { logOf } from "./logs";
import * as protocol from "./protocol";

interface Input {
  path: string;
  finding?: number;
  budget?: number;
}

const NAMES = ["triage", "reduce"] as const;
type Name = (typeof NAMES)[number];
/** A path, not a drive (`C:\`), with a scheme. */
const URI = /^[a-z][a-z\d+.-]+:/i;

export function registerTools(connection: Connection): vscode.Disposable {
  return vscode.Disposable.from(...NAMES.map((name) => vscode.lm.registerTool<Input>(`logsieve_${name}`, tool(connection, name))));
}

/** What a tool says of a log: redacted, and no more than its own budget. */
export async function askTool<Answer>(connection: Connection, log: vscode.Uri, tool: Name): Promise<Answer> {
  const client = await connection.get();
  const params = { uri: client.code2ProtocolConverter.asUri(log), tool, path: path.posix.basename(log.path) };
  return JSON.parse((await client.sendRequest(protocol.tool, params)).answer) as Answer;
}

function tool(connection: Connection, name: Name): vscode.LanguageModelTool<Input> {
  return {
    async prepareInvocation({ input }) {
      const shown = path.posix.basename(input.path.replaceAll("\\", "/"));
      const invocationMessage = name === "triage" ? vscode.l10n.t("Triaging {0}", shown) : vscode.l10n.t("Reducing {0}", shown);
      if (await isInside(await find(input.path))) return { invocationMessage };
      // The agent chose the path, and text of a log may have talked it into that: shown as text, never as Markdown.
      const message = new vscode.MarkdownString(`${vscode.l10n.t("It lies outside of the workspace:")} `).appendText(input.path);
      return { invocationMessage, confirmationMessages: { title: vscode.l10n.t("Read this log?"), message } };
    },
    async invoke({ input }, token) {
      const { finding, budget } = input;
      const client = await connection.get();
      const uri = client.code2ProtocolConverter.asUri(await find(input.path));
      const more = { ...(finding !== undefined && { finding }), ...(budget !== undefined && { budget }) };
      const { answer } = await client.sendRequest(protocol.tool, { uri, tool: name, path: input.path, ...more }, token);
      return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(answer)]);
    },
  };
}

/** The log that an agent means: a URI, a path, or a path in one of the workspace's folders. */
async function find(given: string): Promise<vscode.Uri> {
  if (URI.test(given)) return logOf(vscode.Uri.parse(given, true));
  if (path.isAbsolute(given)) return vscode.Uri.file(given);
  const places = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => vscode.Uri.joinPath(uri, given));
  for (const place of places) {
    const exists = await vscode.workspace.fs.stat(place).then(() => true, () => false);
    if (exists) return place;
  }
  if (places[0] === undefined) throw new Error(vscode.l10n.t("no folder is open: give an absolute path"));
  return places[0];
}

/** Whether a log lies in the workspace, where its links really lead, or is open in the editor. */
async function isInside(log: vscode.Uri): Promise<boolean> {
  if (vscode.workspace.textDocuments.some(({ uri }) => uri.toString() === log.toString())) return true;
  if (log.scheme !== "file") return vscode.workspace.getWorkspaceFolder(log) !== undefined;
  const real = await resolved(log);
  const folders = await Promise.all((vscode.workspace.workspaceFolders ?? []).map(({ uri }) => resolved(uri)));
  return folders.some((folder) => {
    const way = path.relative(folder, real);
    return way !== ".." && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
  });
}

/** A path without links, of a member of an archive (`logs.zip!member`) that of the archive; of a file that is not there, the path itself. */
async function resolved({ fsPath }: vscode.Uri): Promise<string> {
  const files = [...fsPath.matchAll(/!/g)].map(({ index }) => fsPath.slice(0, index));
  for (const file of [fsPath, ...files]) {
    const real = await realpath(file).catch(() => undefined);
    if (real !== undefined) return real;
  }
  return fsPath;
}
