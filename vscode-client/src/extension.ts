/** Wiring only: what exists, and what makes the server start. */

import * as vscode from "vscode";
import { registerChat } from "./chat";
import { Connection, isWanted } from "./client";
import { Colours } from "./colours";
import { registerCommands } from "./commands";
import { changesServer } from "./config";
import { Documents } from "./documents";
import { Failures } from "./failures";
import { NoiseFolds } from "./folds";
import { Gaps } from "./gaps";
import { hideLineNumbers } from "./layout";
import { registerLinks } from "./links";
import { Logs } from "./logs";
import { Marks } from "./marks";
import { registerMcp } from "./mcp";
import { bringBackViews } from "./reducedView";
import { Status } from "./status";
import { scrollTogether } from "./scroll";
import { homeOf } from "./setup";
import { registerTools } from "./tools";

export function activate(context: vscode.ExtensionContext): void {
  const connection = new Connection(homeOf(context));
  const documents = new Documents();
  const folds = new NoiseFolds(connection, context.workspaceState);
  const logs = new Logs(connection);
  const gaps = new Gaps(connection);
  const failures = new Failures(connection, logs);
  const serverChanged = new vscode.EventEmitter<void>();
  const startFor = (document: vscode.TextDocument): void => {
    if (isWanted(document)) void connection.open();
  };
  context.subscriptions.push(
    connection,
    documents,
    folds,
    logs,
    new Status(logs),
    failures,
    gaps,
    new Colours(),
    new Marks(logs, failures, context.extensionUri),
    scrollTogether(),
    bringBackViews(connection),
    registerLinks(documents),
    registerCommands({ connection, documents, folds, logs, failures, gaps, sample: vscode.Uri.joinPath(context.extensionUri, "dist", "sample.log") }),
    registerChat({ connection, documents, logs }),
    registerTools(connection),
    serverChanged,
    registerMcp(connection, serverChanged.event),
    vscode.workspace.onDidOpenTextDocument(startFor),
    vscode.window.onDidChangeVisibleTextEditors(hideLineNumbers),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void connection.restart()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!changesServer(event)) return;
      serverChanged.fire();
      void connection.restart();
    }),
  );
  vscode.workspace.textDocuments.forEach(startFor);
}
