/** Search in a log: what is typed, or lines like that of the cursor; a list that grows better while it is shown, and leads to the lines. */

import { randomUUID } from "node:crypto";
import * as path from "node:path";
import * as vscode from "vscode";
import { LSPErrorCodes, ResponseError, WorkDoneProgress } from "vscode-languageclient/node";
import type { Connection } from "./client";
import { showPlace } from "./layout";
import { logOf } from "./logs";
import * as protocol from "./protocol";

/** How long nothing is typed before what is there is looked for. */
const PAUSE_MS = 250;

/** A number stands first, for VS Code sorts by what of the first line matches what is typed, and the server's order is better. */
interface Row extends vscode.QuickPickItem {
  location?: protocol.Location;
}

/** Asks what to look for in a log, and shows what is found while it is typed. */
export function search(connection: Connection, document: vscode.Uri): void {
  const list = new List(connection, document);
  list.pick.placeholder = vscode.l10n.t("Some words, in any order");
  let pause: NodeJS.Timeout | undefined;
  list.pick.onDidChangeValue((text) => {
    clearTimeout(pause);
    pause = setTimeout(() => void list.find(text.trim() === "" ? undefined : { text }), PAUSE_MS);
  });
  list.pick.onDidHide(() => clearTimeout(pause));
  list.pick.show();
}

/** Shows the lines that say about what a line of a log, or of a view of one, says. */
export async function findSimilar(connection: Connection, document: vscode.Uri, line: number): Promise<void> {
  const list = new List(connection, document);
  list.pick.placeholder = vscode.l10n.t("Lines like line {0}", (line + 1).toLocaleString("en"));
  list.pick.show();
  await list.find({ line });
}

class List {
  readonly pick = vscode.window.createQuickPick<Row>();
  private readonly title: string;
  private asked: vscode.CancellationTokenSource | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly document: vscode.Uri,
  ) {
    this.title = vscode.l10n.t("Search in {0}", path.posix.basename(logOf(document).path));
    this.pick.title = this.title;
    this.pick.onDidAccept(() => {
      const location = this.pick.selectedItems[0]?.location;
      this.pick.hide();
      if (location !== undefined) void showPlace(connection, location);
    });
    this.pick.onDidHide(() => {
      this.asked?.cancel();
      this.pick.dispose();
    });
  }

  /** Looks for something in place of what was looked for before: by words, and then by meaning where the server can. */
  async find(what: { text: string } | { line: number } | undefined): Promise<void> {
    this.asked?.cancel();
    const asked = (this.asked = new vscode.CancellationTokenSource());
    this.pick.items = [];
    if (what === undefined) return;
    this.pick.busy = true;
    try {
      let found = await this.ask(what, false, asked.token);
      this.show(found, asked.token);
      if (found.more) {
        found = await this.ask(what, true, asked.token);
        this.show(found, asked.token);
      }
    } catch (error) {
      if (asked.token.isCancellationRequested) return;
      if (error instanceof ResponseError && error.code === LSPErrorCodes.RequestCancelled) return;
      this.connection.output.error(String(error));
      this.pick.items = [{ label: error instanceof Error ? error.message : String(error), alwaysShow: true }];
    } finally {
      if (this.asked === asked) {
        this.pick.busy = false;
        this.pick.title = this.title;
      }
      asked.dispose();
    }
  }

  private async ask(what: object, meaning: boolean, token: vscode.CancellationToken): Promise<protocol.SearchResult> {
    const client = await this.connection.get();
    const workDoneToken = randomUUID();
    const progress = client.onProgress(WorkDoneProgress.type, workDoneToken, (value) => {
      if (value.kind === "report" && !token.isCancellationRequested) this.pick.title = `${this.title} (${String(value.percentage ?? 0)} %)`;
    });
    try {
      const uri = client.code2ProtocolConverter.asUri(this.document);
      return await client.sendRequest(protocol.search, { uri, ...what, meaning, workDoneToken }, token);
    } finally {
      progress.dispose();
    }
  }

  private show(found: protocol.SearchResult, token: vscode.CancellationToken): void {
    if (token.isCancellationRequested) return;
    const active = this.pick.activeItems[0]?.location;
    const rows = found.hits.map(
      (hit): Row => ({
        label: (hit.line + 1).toLocaleString("en"),
        description: hit.count > 1 ? vscode.l10n.t("{0} lines", hit.count.toLocaleString("en")) : "",
        detail: hit.text,
        alwaysShow: true,
        location: hit.location,
      }),
    );
    if (found.note !== null) this.connection.output.info(found.note);
    this.pick.items = rows.length > 0 ? rows : [{ label: vscode.l10n.t("No line says that"), alwaysShow: true }];
    // Where the user has gone down the list already, the choice stays.
    const same = rows.find(({ location }) => JSON.stringify(location) === JSON.stringify(active));
    if (same !== undefined) this.pick.activeItems = [same];
  }
}
