/** Line numbers that lead back to the log: in the reduced log (its margin) and in an explanation (`L123`, `line 123`). */

import * as vscode from "vscode";
import { SCHEME as TEXT_SCHEME, type Documents } from "./documents";
import { SCHEME } from "./protocol";

const MARGIN = /^ *(\d+) \|/gm;
const REFERENCE = /\b(?:L|[Ll]ines? )(\d+)\b/g;

/** The command behind the links: a link by URI would open the log a second time, on top of what it is read beside. */
export const SHOW_LINE = "logsieve.showLine";

/** The log that a reduced view was made of. */
export function originalOf(view: vscode.Uri): vscode.Uri | undefined {
  const uri = new URLSearchParams(view.query).get("uri");
  return uri === null ? undefined : vscode.Uri.parse(uri, true);
}

export function registerLinks(documents: Documents): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.languages.registerDocumentLinkProvider(
      { scheme: SCHEME },
      { provideDocumentLinks: (document) => linksIn(document, MARGIN, originalOf(document.uri)) },
    ),
    vscode.languages.registerDocumentLinkProvider(
      { scheme: TEXT_SCHEME, language: "markdown" },
      { provideDocumentLinks: (document) => linksIn(document, REFERENCE, documents.sourceOf(document.uri)) },
    ),
  );
}

function linksIn(document: vscode.TextDocument, pattern: RegExp, log: vscode.Uri | undefined): vscode.DocumentLink[] {
  if (log === undefined) return [];
  return [...document.getText().matchAll(pattern)].map((match) => {
    const number = match[1] ?? "";
    const start = match.index + match[0].indexOf(number);
    const range = new vscode.Range(document.positionAt(start), document.positionAt(start + number.length));
    const query = JSON.stringify([log.toString(), Number(number)]);
    const link = new vscode.DocumentLink(range, vscode.Uri.from({ scheme: "command", path: SHOW_LINE, query }));
    link.tooltip = `Line ${number} of the log`;
    return link;
  });
}
