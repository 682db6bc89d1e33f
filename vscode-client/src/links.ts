/** Line numbers that lead to the log: in the margin of the reduced log, at the ends of a window, in an explanation (`L123`, `line 123`). */

import * as vscode from "vscode";
import { SCHEME as TEXT_SCHEME, type Documents } from "./documents";
import { logOf } from "./logs";
import { SCHEME } from "./protocol";

const MARGIN = /^( *\d+) \|/; // with the blanks before it: the cursor stands there when a view opens
const REFERENCE = /\b(?:L|[Ll]ines? )(\d+)\b/g;
const CODE = /\[(?:`.+?`|[^\]\n]*)\]\((file:\S*?#L\d+)\)/g; // what the server has found in the workspace's files

/** The command behind the links: a link by URI would open the log a second time, on top of what it is read beside. */
export const SHOW_LINE = "logsieve.showLine";

export function registerLinks(documents: Documents): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.languages.registerDocumentLinkProvider({ scheme: SCHEME }, { provideDocumentLinks: (view) => (isWindow(view.uri) ? ofWindow(view) : ofReduced(view)) }),
    vscode.languages.registerDocumentLinkProvider(
      { scheme: TEXT_SCHEME, language: "markdown" },
      { provideDocumentLinks: (document) => references(document, documents.sourceOf(document.uri)) },
    ),
  );
}

export function isWindow(uri: vscode.Uri): boolean {
  return uri.scheme === SCHEME && uri.authority === "window";
}

/** The log's number (1-based) of a row of a view; undefined for rows that stand for others. */
export function numberOf(view: vscode.TextDocument, row: number): number | undefined {
  const match = MARGIN.exec(row < 0 || row >= view.lineCount ? "" : view.lineAt(row).text);
  return match === null ? undefined : Number(match[1]);
}

/** The lines (1-based) before the first and after the last one of a window; undefined where there are none. */
export function beyond(window: vscode.TextDocument): { earlier: number | undefined; later: number | undefined } {
  const number = (row: number): number | undefined => numberOf(window, row);
  const last = window.lineCount - 2; // the text ends with a line end
  const [first, final] = [number(1), number(last - 1)];
  return {
    earlier: number(0) === undefined && first !== undefined ? first - 1 : undefined,
    later: number(last) === undefined && final !== undefined ? final + 1 : undefined,
  };
}

function ofWindow(window: vscode.TextDocument): vscode.DocumentLink[] {
  const { earlier, later } = beyond(window);
  const link = (row: number, number: number | undefined): vscode.DocumentLink[] => {
    if (number === undefined) return [];
    const { text, range } = window.lineAt(row);
    return [linkTo(range.with(range.start.translate(0, text.indexOf("["))), logOf(window.uri), number)];
  };
  return [...link(0, earlier), ...link(window.lineCount - 2, later)];
}

function ofReduced(view: vscode.TextDocument): vscode.DocumentLink[] {
  return find(view, new RegExp(MARGIN, "gm"), logOf(view.uri));
}

function references(document: vscode.TextDocument, log: vscode.Uri | undefined): vscode.DocumentLink[] {
  if (log === undefined) return [];
  const code = [...document.getText().matchAll(CODE)].map((match) => {
    const range = new vscode.Range(document.positionAt(match.index), document.positionAt(match.index + match[0].length));
    return new vscode.DocumentLink(range, vscode.Uri.parse(match[1] ?? ""));
  });
  const lines = find(document, REFERENCE, log).filter(({ range }) => !code.some((link) => link.range.contains(range)));
  return [...code, ...lines];
}

function find(document: vscode.TextDocument, pattern: RegExp, log: vscode.Uri): vscode.DocumentLink[] {
  return [...document.getText().matchAll(pattern)].map((match) => {
    const number = match[1] ?? "";
    const start = match.index + match[0].indexOf(number);
    return linkTo(new vscode.Range(document.positionAt(start), document.positionAt(start + number.length)), log, Number(number));
  });
}

function linkTo(range: vscode.Range, log: vscode.Uri, number: number): vscode.DocumentLink {
  const query = JSON.stringify([log.toString(), number]);
  const link = new vscode.DocumentLink(range, vscode.Uri.from({ scheme: "command", path: SHOW_LINE, query }));
  link.tooltip = vscode.l10n.t("Line {0} of the log", number.toLocaleString("en"));
  return link;
}
