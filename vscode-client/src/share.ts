/** The reduced log for somebody else: as Markdown, in an issue, in a file. What leaves is what the server has redacted. */

import * as path from "node:path";
import * as vscode from "vscode";
import type { Connection } from "./client";
import * as protocol from "./protocol";

/** What people paste where: as it is, in a message or a pull request, as the body of an issue. */
export type Form = "text" | "markdown" | "issue";

export interface Shared {
  text: string;
  reduced: protocol.ReduceResult;
}

/** The reduced log, or one finding, in a form. */
export async function share(connection: Connection, log: vscode.Uri, form: Form, finding?: number): Promise<Shared> {
  const client = await connection.get();
  const uri = client.code2ProtocolConverter.asUri(log);
  const reduced = await client.sendRequest(protocol.reduce, { uri, ...(finding !== undefined && { finding }) });
  const block = fenced(reduced.text);
  const name = code(path.posix.basename(log.path));
  if (form === "text") return { text: reduced.text, reduced };
  const left = reduced.omitted.reduce((sum, { lines }) => sum + lines, 0);
  const told = vscode.l10n.t("{0}, {1} of its lines ({2} left out):", name, kept(reduced).toLocaleString("en"), left.toLocaleString("en"));
  if (form === "markdown") return { text: `${told}\n\n${block}\n`, reduced };
  const hint = vscode.l10n.t("What did you do, and what did you expect?");
  const text = `## ${vscode.l10n.t("What happened")}\n\n<!-- ${hint} -->\n\n## ${vscode.l10n.t("Log")}\n\n<details open>\n<summary>${vscode.l10n.t("What explains the failure")}</summary>\n\n${told}\n\n${block}\n\n</details>\n`;
  return { text, reduced };
}

/** How many lines of the log there are in it. */
export function kept({ lines }: protocol.ReduceResult): number {
  return lines.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** A fence is longer than any in the text, so that nothing in the log ends it. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${text.trimEnd()}\n${fence}`;
}

function code(name: string): string {
  return `\`${name.replaceAll(/[`\n]/g, "")}\``;
}

/** Asks where to, and writes the reduced log there. */
export async function saveReduced(connection: Connection, log: vscode.Uri): Promise<void> {
  const name = `${path.posix.basename(log.path)}.reduced.txt`;
  const folder = log.scheme === "file" ? vscode.Uri.joinPath(log, "..") : vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t("Save the reduced log"),
    ...(folder !== undefined && { defaultUri: vscode.Uri.joinPath(folder, name) }),
  });
  if (target === undefined) return;
  const { text } = await share(connection, log, "text");
  await vscode.workspace.fs.writeFile(target, Buffer.from(text.endsWith("\n") ? text : `${text}\n`, "utf8"));
}

/** Opens what is selected in an editor, in the output or in the terminal as a log of its own, which is triaged as it is. */
export async function triageSelection(fromTerminal: boolean): Promise<vscode.Uri> {
  const content = fromTerminal ? await selectedInTerminal() : selectedInEditor();
  if (content.trim() === "") throw new Error(vscode.l10n.t("select some lines of a log first"));
  const document = await vscode.workspace.openTextDocument({ language: "log", content });
  await vscode.window.showTextDocument(document, { preview: false });
  return document.uri;
}

function selectedInEditor(): string {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) return "";
  const { document, selection } = editor;
  return document.getText(selection.isEmpty && document.uri.scheme === "output" ? undefined : selection);
}

/** There is no way to ask for it but by the clipboard, which gets back what it held. */
async function selectedInTerminal(): Promise<string> {
  const before = await vscode.env.clipboard.readText();
  await vscode.env.clipboard.writeText("");
  await vscode.commands.executeCommand("workbench.action.terminal.copySelection");
  const selected = await vscode.env.clipboard.readText();
  await vscode.env.clipboard.writeText(before);
  return selected;
}
