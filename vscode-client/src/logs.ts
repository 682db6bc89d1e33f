/** What is known of logs, open or shown in views, and which of them the user looks at. */

import * as path from "node:path";
import * as vscode from "vscode";
import type { Connection } from "./client";
import { SCHEME, type StatusParams } from "./protocol";

const IN_ARCHIVE = /^(.+?\.zip)!\/(.+)$/i;

/** The log that a reduced view or a window shows; of other documents their own URI. */
export function logOf(uri: vscode.Uri): vscode.Uri {
  const log = uri.scheme === SCHEME ? new URLSearchParams(uri.query).get("uri") : null;
  return log === null ? uri : vscode.Uri.parse(log, true);
}

/** The document in front. Asked of the tabs: extensions do not see the document of a file that is too large. */
export function activeUri(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputText ? input.uri : vscode.window.activeTextEditor?.document.uri;
}

function tabUris(): vscode.Uri[] {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  return tabs.flatMap(({ input }) => (input instanceof vscode.TabInputText ? [input.uri] : []));
}

/** The name of a log, and of the archive that it is in, else "". */
export function nameOf(log: vscode.Uri): { name: string; archive: string } {
  const [, archive, member] = IN_ARCHIVE.exec(log.path) ?? [];
  return { name: member ?? path.posix.basename(log.path), archive: path.posix.basename(archive ?? "") };
}

/** The archive that a log is in. */
export function archiveOf(log: vscode.Uri): vscode.Uri | undefined {
  const [, archive] = IN_ARCHIVE.exec(log.path) ?? [];
  return archive === undefined ? undefined : log.with({ path: archive });
}

export class Logs implements vscode.Disposable {
  private readonly known = new Map<string, StatusParams>();
  /** By log those of its archive. */
  private readonly together = new Map<string, readonly string[]>();
  private last: string | undefined;
  private readonly changed = new vscode.EventEmitter<string | undefined>();
  /** Fires with a log of which more is known, and with nothing when the user looks at something else. */
  readonly onChange = this.changed.event;
  private readonly registrations: vscode.Disposable[];

  constructor(connection: Connection) {
    this.registrations = [
      this.changed,
      connection.onStatus((params) => {
        const log = vscode.Uri.parse(params.uri).toString();
        this.known.set(log, params);
        this.fire(log);
      }),
      connection.onStopped(() => {
        this.known.clear();
        this.fire(undefined);
      }),
      vscode.window.onDidChangeActiveTextEditor(() => this.fire(undefined)),
      vscode.window.tabGroups.onDidChangeTabs(() => this.fire(undefined)),
      vscode.window.tabGroups.onDidChangeTabGroups(() => this.fire(undefined)),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        const logs = this.with(logOf(uri).toString());
        if (vscode.workspace.textDocuments.some((document) => logs.includes(logOf(document.uri).toString()))) return;
        for (const log of logs) this.known.delete(log);
        this.fire(undefined);
      }),
    ];
  }

  /** These logs of an archive are open from now on while a tab shows a view of one of them. */
  join(logs: readonly string[]): void {
    for (const log of logs) this.together.set(log, logs);
  }

  private with(log: string): readonly string[] {
    return this.together.get(log) ?? [log];
  }

  /** How a log stands; undefined where nothing has been told of it. */
  status(log: string | undefined): StatusParams | undefined {
    return log === undefined ? undefined : this.known.get(log);
  }

  /** The log in front, if it is a known one. */
  active(): string | undefined {
    const uri = activeUri();
    const log = uri === undefined ? undefined : logOf(uri).toString();
    return log !== undefined && this.known.has(log) ? log : undefined;
  }

  /** The log in front, or the one that was in front before, as long as it is known and a tab shows it or a view of it. */
  current(): string | undefined {
    const { last } = this;
    return last !== undefined && this.known.has(last) && tabUris().some((uri) => logOf(uri).toString() === last) ? last : undefined;
  }

  /** The known logs that a tab shows, or a view of, in the order of the tabs; of an archive all. */
  open(): string[] {
    const shown = tabUris().flatMap((uri) => this.with(logOf(uri).toString()));
    return [...new Set(shown)].filter((log) => this.known.has(log));
  }

  /** What a command is about: the document in front, unless that has nothing to do with a log, while another has. */
  target(): vscode.Uri | undefined {
    const current = this.current();
    return this.active() !== undefined || current === undefined ? activeUri() : vscode.Uri.parse(current);
  }

  private fire(log: string | undefined): void {
    this.last = this.active() ?? this.last;
    void vscode.commands.executeCommand("setContext", "logsieve.triaged", this.active() !== undefined);
    this.changed.fire(log);
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }
}
