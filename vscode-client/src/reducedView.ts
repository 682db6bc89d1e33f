/** The reduced log as a read-only document beside the log. The server writes its text (`workspace/textDocumentContent`). */

import * as vscode from "vscode";
import type { Connection } from "./client";
import * as protocol from "./protocol";

export async function openReduced(connection: Connection, log: vscode.Uri): Promise<void> {
  const client = await connection.get();
  const params = { uri: client.code2ProtocolConverter.asUri(log) };
  const view = await client.sendRequest(protocol.reducedView, params);
  const uri = client.protocol2CodeConverter.asUri(view.uri);
  await vscode.window.showTextDocument(uri, { viewColumn: vscode.ViewColumn.Beside, preview: false });
}
