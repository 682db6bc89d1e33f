/** The user's consent to send: asked for in front of the exact payload, remembered by the server, taken back by a command. */

import * as vscode from "vscode";
import type { Connection } from "./client";
import type { Documents } from "./documents";
import { wrapLines } from "./layout";
import * as protocol from "./protocol";

/** For this time, or from now on (or since before). */
export type Agreed = "once" | "always";

/** Whether a payload may be sent: where the user has not agreed to its endpoint before, shows what would be sent and asks. */
export async function agree(
  documents: Documents,
  preview: protocol.ExplainPreviewResult,
  name: string,
  column: vscode.ViewColumn,
): Promise<Agreed | undefined> {
  return preview.consented ? "always" : ask(documents, preview, name, column);
}

/** The question stays while the user scrolls through the payload. */
async function ask(
  documents: Documents,
  preview: protocol.ExplainPreviewResult,
  name: string,
  column: vscode.ViewColumn,
): Promise<Agreed | undefined> {
  const payload = documents.create(`${name} payload.json`, preview.payload);
  await vscode.window.showTextDocument(payload, { viewColumn: column, preview: true });
  await wrapLines();
  const items: (vscode.QuickPickItem & { answer?: Agreed })[] = [
    { label: `$(arrow-right) ${vscode.l10n.t("Send once")}`, answer: "once" },
    { label: `$(check-all) ${vscode.l10n.t("Always for this endpoint in this workspace")}`, description: preview.endpoint, answer: "always" },
    { label: `$(close) ${vscode.l10n.t("Cancel")}`, description: vscode.l10n.t("nothing has been sent") },
  ];
  const tokens = preview.tokens.toLocaleString("en");
  const choice = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t("Send about {0} tokens to {1} at {2}?", tokens, preview.model, preview.endpoint),
    placeHolder: `${vscode.l10n.t("The document below is exactly what will be sent; secrets in it are redacted.")} ${preview.terms}`,
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

/** Asks which of the endpoints that were agreed to shall be asked about again. */
export async function forgetConsent(connection: Connection): Promise<void> {
  const client = await connection.get();
  const { endpoints } = await client.sendRequest(protocol.consent, {});
  if (endpoints.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t("LogSieve: nothing is remembered; each send is asked about."));
    return;
  }
  const endpoint = await vscode.window.showQuickPick(endpoints, { title: vscode.l10n.t("Which endpoint shall be asked about again?") });
  if (endpoint === undefined) return;
  await client.sendRequest(protocol.consent, { endpoint, granted: false });
  void vscode.window.showInformationMessage(vscode.l10n.t("LogSieve: sending to {0} is asked about again.", endpoint));
}
