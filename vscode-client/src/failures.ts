/** The tree of what was found in the log in front, or in the one before: root cause first, other places below. */

import * as path from "node:path";
import * as vscode from "vscode";
import type { Connection } from "./client";
import { SHOW_PLACE } from "./layout";
import type { Logs } from "./logs";
import * as protocol from "./protocol";

const VIEW = "logsieve.failures";
const COLOURS = { error: "problemsErrorIcon.foreground", warning: "problemsWarningIcon.foreground", info: "problemsInfoIcon.foreground" };

/** A finding in the tree; commands on it get it as their argument. */
export class Failure {
  constructor(
    readonly log: vscode.Uri,
    readonly finding: protocol.Finding,
  ) {}
}

type Node = Failure | protocol.Place;

export class Failures implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly view: vscode.TreeView<Node>;
  private readonly registrations: vscode.Disposable[];
  private log: string | undefined;
  private wanted: string | undefined;
  private found: Promise<Failure[]> | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly logs: Logs,
  ) {
    this.view = vscode.window.createTreeView<Node>(VIEW, { treeDataProvider: this });
    this.registrations = [this.changed, this.view, logs.onChange((log) => void this.update(log))];
  }

  /** Opens the tree on the root cause of a log, as soon as it is known that there is one. */
  async reveal(log: vscode.Uri): Promise<void> {
    this.wanted = log.toString();
    if (this.log === this.wanted) await this.show();
  }

  /** A log that is being looked at anew keeps what it shows until that is done. */
  private async update(changed: string | undefined): Promise<void> {
    const before = this.log;
    this.log = this.logs.current();
    const status = this.logs.status(this.log);
    if (status?.busy === true || (this.log === before && changed !== this.log)) return;
    await vscode.commands.executeCommand("setContext", "logsieve.hasFailures", status !== undefined && status.errors + status.warnings > 0);
    this.view.description = this.log === undefined ? "" : path.posix.basename(vscode.Uri.parse(this.log).path);
    this.found = undefined;
    this.changed.fire(undefined);
    await this.show();
  }

  private async show(): Promise<void> {
    if (this.wanted === undefined || this.wanted !== this.log) return;
    this.wanted = undefined;
    const [cause] = await this.findings();
    if (cause !== undefined) await this.view.reveal(cause, { select: false });
  }

  /** Asked for by VS Code before it reveals something: only findings are, which have no parent. */
  getParent(): undefined {
    return undefined;
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node instanceof Failure) return node.finding.places;
    return this.findings();
  }

  /** Asked for once: what is revealed must be what VS Code got as children. */
  private findings(): Promise<Failure[]> {
    this.found ??= this.ask();
    return this.found;
  }

  private async ask(): Promise<Failure[]> {
    if (this.log === undefined) return [];
    const log = vscode.Uri.parse(this.log);
    const client = await this.connection.get();
    const { findings } = await client.sendRequest(protocol.findings, { uri: client.code2ProtocolConverter.asUri(log) });
    return findings.map((finding) => new Failure(log, finding));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const item = node instanceof Failure ? ofFinding(node) : new vscode.TreeItem(node.why);
    const { location, line } = node instanceof Failure ? node.finding : node;
    const number = `line ${(line + 1).toLocaleString("en")}`;
    item.description = node instanceof Failure ? [...about(node.finding), number].join(" · ") : number;
    item.command = { title: "Show", command: SHOW_PLACE, arguments: [location] };
    return item;
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }
}

function ofFinding({ log, finding }: Failure): vscode.TreeItem {
  const { Collapsed, None } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(finding.title, finding.places.length > 0 ? Collapsed : None);
  item.id = `${log.toString()} ${finding.index}`;
  item.contextValue = "finding";
  item.iconPath = new vscode.ThemeIcon(finding.severity, new vscode.ThemeColor(COLOURS[finding.severity]));
  item.tooltip = tooltip(finding);
  return item;
}

function about({ index, category, count }: protocol.Finding): string[] {
  return [...(index === 0 ? ["root cause"] : []), category, ...(count > 1 ? [`${count.toLocaleString("en")} times`] : [])];
}

/** What comes out of the log is appended as text, never as Markdown. */
function tooltip({ title, message, rule, why }: protocol.Finding): vscode.MarkdownString {
  const text = new vscode.MarkdownString().appendMarkdown("**").appendText(title).appendMarkdown("**\n\n");
  if (message !== "" && !title.includes(message)) text.appendText(message).appendMarkdown("\n\n");
  text.appendText(`rule ${rule}`);
  for (const reason of why) text.appendMarkdown("\n- ").appendText(reason);
  return text;
}
