/** Offers `logsieve mcp` to agents in VS Code, started as the language server is. VS Code knows of this from 1.101 on. */

import * as vscode from "vscode";
import type { Connection } from "./client";
import { findServer } from "./server";

/** The part of VS Code's interface that is used here; older ones lack it. */
interface Api {
  McpStdioServerDefinition: new (label: string, command: string, args: string[], env: Record<string, string>, version: string) => unknown;
  lm: {
    registerMcpServerDefinitionProvider?: (
      id: string,
      provider: { onDidChangeMcpServerDefinitions: vscode.Event<void>; provideMcpServerDefinitions: () => Promise<unknown[]> },
    ) => vscode.Disposable;
  };
}

/** `changed` fires when the server may be another one. */
export function registerMcp(connection: Connection, changed: vscode.Event<void>): vscode.Disposable {
  const api = vscode as unknown as Api;
  const none = new vscode.Disposable(() => undefined);
  try {
    const provider = {
      onDidChangeMcpServerDefinitions: changed,
      provideMcpServerDefinitions: async () => {
        const { program, args, version } = await findServer(connection.home, connection.output);
        return [new api.McpStdioServerDefinition("LogSieve", program, [...args, "mcp"], {}, version)];
      },
    };
    return api.lm.registerMcpServerDefinitionProvider?.("logsieve", provider) ?? none;
  } catch (error) {
    connection.output.info(`no MCP server is offered: ${String(error)}`); // 1.100 has the function, and refuses it
    return none;
  }
}
