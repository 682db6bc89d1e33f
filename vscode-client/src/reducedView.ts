/** The reduced log as a read-only document beside the log. The server writes its text (`workspace/textDocumentContent`). */

import * as vscode from "vscode";
import type { Connection } from "./client";
import { beside } from "./layout";
import * as protocol from "./protocol";

/** Opens the reduced log on the line of the root cause. */
export async function openReduced(connection: Connection, log: vscode.Uri): Promise<void> {
  const client = await connection.get();
  const params = { uri: client.code2ProtocolConverter.asUri(log) };
  const [view, { findings }] = await Promise.all([
    client.sendRequest(protocol.reducedView, params),
    client.sendRequest(protocol.findings, params),
  ]);
  const uri = client.protocol2CodeConverter.asUri(view.uri);
  const editor = await vscode.window.showTextDocument(uri, { viewColumn: beside(log), preview: false });
  // The margin of the text holds the log's own numbers; a second column of numbers beside it would mislead.
  editor.options = { lineNumbers: vscode.TextEditorLineNumbersStyle.Off };
  const cause = findings[0];
  if (cause === undefined) return;
  const at = new RegExp(`^ *${cause.anchor + 1} \\|`, "m").exec(editor.document.getText());
  if (at === null) return;
  const place = editor.document.positionAt(at.index);
  editor.selection = new vscode.Selection(place, place);
  editor.revealRange(new vscode.Range(place, place), vscode.TextEditorRevealType.InCenter);
}
