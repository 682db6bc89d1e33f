/** The settings that the client itself reads; the server pulls its own. package.json declares them all. */

import * as vscode from "vscode";

export const SECTION = "logsieve";

function get<T>(key: string, otherwise: T): T {
  return vscode.workspace.getConfiguration(SECTION).get<T>(key, otherwise);
}

export const config = {
  serverCommand: (): string[] => get<string[]>("server.command", []),
  serverInterpreter: (): string => get("server.interpreter", "").trim(),
  plaintext: (): string => get("plaintext", "recognised"),
  provider: (): string => get("llm.provider", ""),
  model: (): string => get("llm.model", "").trim(),
  scrollTogether: (): boolean => get("scrollTogether", true),
  budget: (): number => get("reduce.budget", 4000),
  colours: (): boolean => get("colours", true),
  foldOnOpen: (): boolean => get("foldOnOpen", true),
  all: (): unknown => vscode.workspace.getConfiguration().get(SECTION),
};

/** Whether a change touches what decides how the server is started. */
export function changesServer(event: vscode.ConfigurationChangeEvent): boolean {
  return event.affectsConfiguration(`${SECTION}.server`);
}
