/** The tree of what was found in the open logs, by log and by section: root cause first, other places below; filtered by severity and text. */

import * as vscode from "vscode";
import type { Connection } from "./client";
import { SHOW_PLACE } from "./layout";
import { nameOf, type Logs } from "./logs";
import * as protocol from "./protocol";
import { counts, ICON, WORD } from "./status";

const VIEW = "logsieve.failures";
const COLOURS = { error: "problemsErrorIcon.foreground", warning: "problemsWarningIcon.foreground", info: "problemsInfoIcon.foreground" };

/** A finding in the tree; commands on it get it as their argument. */
export class Failure {
  constructor(
    readonly log: vscode.Uri,
    readonly finding: protocol.Finding,
  ) {}
}

/** A log in the tree, where several are open; commands on it get it as their argument. */
export class LogNode {
  constructor(readonly log: vscode.Uri) {}
}

/** A section of a log in the tree, where findings are in several. */
class SectionNode {
  readonly failures: Failure[] = [];

  constructor(
    readonly log: vscode.Uri,
    readonly section: protocol.Within,
  ) {}
}

type Node = LogNode | SectionNode | Failure | protocol.Place;

export class Failures implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly view: vscode.TreeView<Node>;
  private readonly registrations: vscode.Disposable[];
  private readonly found = new Map<string, Promise<Failure[]>>();
  /** What VS Code got as children; what is revealed must be of these. */
  private nodes = new Map<string, LogNode>();
  private readonly sections = new WeakMap<Failure, SectionNode>();
  private wanted: string | undefined;
  private text = "";
  private errorsOnly = false;

  constructor(
    private readonly connection: Connection,
    private readonly logs: Logs,
  ) {
    this.view = vscode.window.createTreeView<Node>(VIEW, { treeDataProvider: this, showCollapseAll: true });
    this.registrations = [this.changed, this.view, logs.onChange((log) => void this.update(log))];
  }

  /** Opens the tree on the root cause of a log, as soon as it is known that there is one. */
  async reveal(log: vscode.Uri): Promise<void> {
    this.wanted = log.toString();
    await this.show();
  }

  /** Shows the failures with what is typed in them, from the first letter on. */
  askText(): void {
    const box = vscode.window.createInputBox();
    box.title = vscode.l10n.t("Show the failures that contain");
    box.placeholder = vscode.l10n.t("Text in a title, message, rule or category; nothing shows all");
    box.value = this.text;
    box.onDidChangeValue((text) => this.filter(text, this.errorsOnly));
    box.onDidAccept(() => box.hide());
    box.onDidHide(() => box.dispose());
    box.show();
  }

  showErrorsOnly(errorsOnly: boolean): void {
    this.filter(this.text, errorsOnly);
  }

  showAll(): void {
    this.filter("", false);
  }

  private filter(text: string, errorsOnly: boolean): void {
    this.text = text;
    this.errorsOnly = errorsOnly;
    void vscode.commands.executeCommand("setContext", "logsieve.errorsOnly", errorsOnly);
    void vscode.commands.executeCommand("setContext", "logsieve.filtered", this.isFiltered());
    void this.refresh();
  }

  private isFiltered(): boolean {
    return this.errorsOnly || this.text.trim() !== "";
  }

  private passes({ finding }: Failure): boolean {
    if (this.errorsOnly && finding.severity !== "error") return false;
    const words = this.text.trim().toLowerCase();
    return [finding.title, finding.message, finding.rule, finding.category].some((part) => part.toLowerCase().includes(words));
  }

  /** A log that is being looked at anew keeps what it shows until that is done. */
  private async update(changed: string | undefined): Promise<void> {
    const open = this.logs.open();
    const isSame = open.length === this.nodes.size && open.every((log) => this.nodes.has(log));
    if (changed === undefined ? isSame : this.logs.status(changed)?.busy === true) return this.tellCurrent();
    if (changed !== undefined) this.found.delete(changed);
    for (const log of this.found.keys()) if (!open.includes(log)) this.found.delete(log);
    this.nodes = new Map(open.map((log) => [log, this.nodes.get(log) ?? new LogNode(vscode.Uri.parse(log))]));
    await this.tellCurrent();
    await this.refresh();
    await this.show();
  }

  private async tellCurrent(): Promise<void> {
    const status = this.logs.status(this.logs.current());
    await vscode.commands.executeCommand("setContext", "logsieve.hasFailures", status !== undefined && status.errors + status.warnings > 0);
  }

  private async refresh(): Promise<void> {
    const open = [...this.nodes.keys()];
    const statuses = open.map((log) => this.logs.status(log)).filter((status) => status !== undefined);
    const errors = statuses.reduce((sum, status) => sum + status.errors, 0);
    this.view.badge = errors === 0 ? undefined : { value: errors, tooltip: vscode.l10n.t("{0} errors in open logs", errors) };
    const [only] = statuses.length === 1 ? statuses : [];
    this.view.description = only === undefined ? "" : `${nameOf(vscode.Uri.parse(only.uri)).name}: ${counts(only)}`;
    this.changed.fire(undefined);
    this.view.message = await this.message(open);
  }

  private async message(open: string[]): Promise<string> {
    if (open.length === 0) return "";
    const all = (await Promise.all(open.map((log) => this.of(log)))).flat();
    if (!this.isFiltered()) return all.length === 0 ? vscode.l10n.t("Nothing failed in the open logs.") : "";
    return vscode.l10n.t("{0} of {1} are shown.", all.filter((failure) => this.passes(failure)).length, all.length);
  }

  private async show(): Promise<void> {
    if (this.wanted === undefined || !this.nodes.has(this.wanted)) return;
    const [first] = await this.shown(this.wanted);
    const cause = first instanceof SectionNode ? first.failures[0] : first;
    this.wanted = undefined;
    if (cause !== undefined) await this.view.reveal(cause, { select: false });
  }

  /** Asked for by VS Code before it reveals something: only findings are. */
  getParent(node: Node): Node | undefined {
    const section = node instanceof Failure ? this.sections.get(node) : undefined;
    if (section !== undefined) return section;
    const isInLog = node instanceof Failure || node instanceof SectionNode;
    return isInLog && this.nodes.size > 1 ? this.nodes.get(node.log.toString()) : undefined;
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node instanceof Failure) return node.finding.places;
    if (node instanceof SectionNode) return node.failures;
    if (node instanceof LogNode) return this.shown(node.log.toString());
    const [only] = this.nodes.values();
    if (this.nodes.size > 1) return [...this.nodes.values()];
    return only === undefined ? [] : this.shown(only.log.toString());
  }

  private async shown(log: string): Promise<(SectionNode | Failure)[]> {
    return this.bySection((await this.of(log)).filter((failure) => this.passes(failure)));
  }

  /** The failures in their order, those of a section together where the first of them is; without sections where there are not several. */
  private bySection(failures: Failure[]): (SectionNode | Failure)[] {
    const sections = new Map<number, SectionNode>();
    for (const failure of failures) {
      this.sections.delete(failure);
      const { section } = failure.finding;
      if (section !== null && !sections.has(section.line)) sections.set(section.line, new SectionNode(failure.log, section));
    }
    if (sections.size < 2) return failures;
    return failures.flatMap((failure): (SectionNode | Failure)[] => {
      const node = sections.get(failure.finding.section?.line ?? -1);
      if (node === undefined) return [failure];
      this.sections.set(failure, node);
      return node.failures.push(failure) === 1 ? [node] : [];
    });
  }

  /** What was found in a log. Asked for once: what is revealed must be what VS Code got as children. */
  of(log: string): Promise<Failure[]> {
    const found = this.found.get(log) ?? this.ask(log);
    this.found.set(log, found);
    return found;
  }

  private async ask(log: string): Promise<Failure[]> {
    const uri = vscode.Uri.parse(log);
    const client = await this.connection.get();
    try {
      const { findings } = await client.sendRequest(protocol.findings, { uri: client.code2ProtocolConverter.asUri(uri) });
      return findings.map((finding) => new Failure(uri, finding));
    } catch (error) {
      this.connection.output.warn(`failures of ${log}: ${String(error)}`); // closed meanwhile, for one: nothing to tell the user
      return [];
    }
  }

  getTreeItem(node: Node): vscode.TreeItem {
    if (node instanceof LogNode) return this.ofLog(node);
    if (node instanceof SectionNode) return ofSection(node);
    const item = node instanceof Failure ? ofFinding(node) : new vscode.TreeItem(node.why);
    const { location, line } = node instanceof Failure ? node.finding : node;
    const number = vscode.l10n.t("line {0}", (line + 1).toLocaleString("en"));
    item.description = node instanceof Failure ? [...about(node.finding), number].join(" · ") : number;
    item.command = { title: "Show", command: SHOW_PLACE, arguments: [location] };
    return item;
  }

  private ofLog({ log }: LogNode): vscode.TreeItem {
    const status = this.logs.status(log.toString());
    const { name, archive } = nameOf(log);
    const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Expanded);
    item.id = log.toString();
    item.contextValue = "log";
    item.tooltip = vscode.workspace.asRelativePath(log);
    if (status === undefined) return item;
    item.description = [WORD[status.verdict], counts(status), archive].filter((text) => text !== "").join(" · ");
    item.iconPath = ICON[status.verdict];
    if (status.errors + status.warnings === 0) item.collapsibleState = vscode.TreeItemCollapsibleState.None;
    return item;
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }
}

function ofSection({ log, section, failures }: SectionNode): vscode.TreeItem {
  const number = (severity: protocol.Severity): number => failures.filter(({ finding }) => finding.severity === severity).length;
  const item = new vscode.TreeItem(section.title, vscode.TreeItemCollapsibleState.Expanded);
  item.id = `${log.toString()} section ${section.line}`;
  item.contextValue = "section";
  const worst = (["error", "warning", "info"] as const).find((severity) => number(severity) > 0) ?? "info";
  item.iconPath = new vscode.ThemeIcon(worst, new vscode.ThemeColor(COLOURS[worst]));
  item.description = [counts({ errors: number("error"), warnings: number("warning") }), vscode.l10n.t("line {0}", (section.line + 1).toLocaleString("en"))]
    .filter((text) => text !== "")
    .join(" · ");
  item.tooltip = section.title;
  item.command = { title: "Show", command: SHOW_PLACE, arguments: [section.location] };
  return item;
}

function ofFinding({ log, finding }: Failure): vscode.TreeItem {
  const { Collapsed, None } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(finding.title, finding.places.length > 0 ? Collapsed : None);
  item.id = `${log.toString()} ${finding.index}`;
  item.contextValue = "finding";
  // Long titles leave no room for the words: the root cause has the icon of the command that goes there.
  const icon = finding.index === 0 && finding.severity === "error" ? "target" : finding.severity;
  item.iconPath = new vscode.ThemeIcon(icon, new vscode.ThemeColor(COLOURS[finding.severity]));
  item.tooltip = tooltip(finding);
  item.accessibilityInformation = { label: [finding.severity, finding.title, ...about(finding)].join(", ") };
  return item;
}

function about({ index, category, count }: protocol.Finding): string[] {
  const times = count > 1 ? [vscode.l10n.t("{0} times", count.toLocaleString("en"))] : [];
  return [...(index === 0 ? [vscode.l10n.t("root cause")] : []), category, ...times];
}

/** What comes out of the log is appended as text, never as Markdown. */
function tooltip({ title, message, rule, why }: protocol.Finding): vscode.MarkdownString {
  const text = new vscode.MarkdownString().appendMarkdown("**").appendText(title).appendMarkdown("**\n\n");
  if (message !== "" && !title.includes(message)) text.appendText(message).appendMarkdown("\n\n");
  text.appendText(vscode.l10n.t("rule {0}", rule));
  for (const reason of why) text.appendMarkdown("\n- ").appendText(reason);
  return text;
}
