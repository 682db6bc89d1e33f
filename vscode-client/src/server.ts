/** Finds a LogSieve server that really starts: the settings, the selected Python, PATH, then the environment of the extension's own. */

import { execFile } from "node:child_process";
import { homedir } from "node:os";
import * as vscode from "vscode";
import { config } from "./config";
import { installed, touch, which } from "./install";

/** The oldest server that speaks this client's protocol; one with another major version does not. */
const OLDEST = [0, 1] as const;
/** A cold start of Python from a slow disk takes seconds; more than this is a program that is not ours. */
const TIMEOUT_MS = 15_000;

export interface Server {
  program: string;
  args: string[];
  version: string;
}

interface Candidate {
  where: string;
  program: string;
  args: string[];
}

/** Where the extension keeps a server of its own, and the wheel that it makes it from. */
export interface Home {
  storage: string;
  /** Missing where the extension is run from its sources. */
  wheel: string | undefined;
}

/** Why there is no server, in words for the user. */
export class NoServer extends Error {
  constructor(
    message: string,
    /** Whether a server of the extension's own would be used: the settings name no other. */
    readonly mayInstall: boolean,
  ) {
    super(message);
  }
}

/** The first candidate that answers `--version`; a candidate named in the settings is the only one tried. Throws NoServer. */
export async function findServer(home: Home, log: vscode.LogOutputChannel): Promise<Server> {
  const problems: string[] = [];
  const set = fromSettings();
  for (const candidate of set === undefined ? await found(home) : [set]) {
    try {
      const version = await askVersion(candidate);
      log.info(`server ${version} from ${candidate.where}: ${[candidate.program, ...candidate.args].join(" ")}`);
      return { program: candidate.program, args: candidate.args, version };
    } catch (error) {
      const problem = `${candidate.where}: ${error instanceof Error ? error.message : String(error)}`;
      log.warn(problem);
      problems.push(problem);
    }
  }
  throw new NoServer(problems.join("; "), set === undefined && home.wheel !== undefined);
}

function fromSettings(): Candidate | undefined {
  const [program, ...args] = config.serverCommand();
  if (program !== undefined) return { where: "logsieve.server.command", program, args };
  const named = config.serverInterpreter();
  return named === "" ? undefined : ofInterpreter("logsieve.server.interpreter", named);
}

async function found({ storage, wheel }: Home): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  const selected = await selectedInterpreter();
  if (selected !== undefined) candidates.push(ofInterpreter(vscode.l10n.t("selected Python interpreter"), selected));
  const onPath = await which("logsieve", process.env);
  if (onPath !== undefined) candidates.push({ where: "PATH", program: onPath, args: [] });
  const own = wheel === undefined ? undefined : await installed(storage, wheel);
  if (own !== undefined) {
    candidates.push(ofInterpreter(vscode.l10n.t("the extension's own environment"), own));
    await touch(own);
  }
  return candidates;
}

/** -P keeps the current folder off sys.path: no module of a workspace is run in the server's place. */
function ofInterpreter(where: string, program: string): Candidate {
  return { where, program, args: ["-P", "-m", "logsieve"] };
}

/** The part of the Python extension's interface that is used here. */
interface PythonExtension {
  environments: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(path: { path: string }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
  };
}

/** The interpreter selected in the Python extension, where there is one. */
export async function selectedInterpreter(): Promise<string | undefined> {
  // A workspace may select an interpreter it brings along, so this is asked in trusted ones only.
  if (!vscode.workspace.isTrusted) return undefined;
  const extension = vscode.extensions.getExtension<PythonExtension>("ms-python.python");
  if (extension === undefined) return undefined;
  const { environments } = extension.isActive ? extension.exports : await extension.activate();
  const active = environments.getActiveEnvironmentPath(vscode.workspace.workspaceFolders?.[0]?.uri);
  return (await environments.resolveEnvironment(active))?.executable.uri?.fsPath;
}

function askVersion({ program, args }: Candidate): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: TIMEOUT_MS, cwd: homedir() };
    execFile(program, [...args, "--version"], options, (error, stdout, stderr) => {
      if (error !== null) {
        const said = stderr.trim().split("\n").at(-1);
        const why = error.killed === true ? vscode.l10n.t("no answer in {0} s", TIMEOUT_MS / 1000) : error.message.split("\n")[0];
        reject(new Error(said !== undefined && said !== "" ? said : why));
        return;
      }
      const match = /^logsieve\D*(\d+)\.(\d+)\S*/im.exec(stdout);
      if (match === null) {
        reject(new Error(vscode.l10n.t("answers --version with {0}", JSON.stringify(stdout.slice(0, 80)))));
        return;
      }
      const [text, major, minor] = [match[0], Number(match[1]), Number(match[2])];
      if (major !== OLDEST[0] || minor < OLDEST[1]) {
        reject(new Error(vscode.l10n.t("{0} does not fit, {1} or later (below {2}.0) is needed", text, OLDEST.join("."), OLDEST[0] + 1)));
        return;
      }
      resolve(text.replace(/^\D+/, ""));
    });
  });
}
