/** Finds a LogSieve server that really starts: the settings, the selected Python, then PATH. */

import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { homedir } from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import { config } from "./config";

/** The oldest server that speaks this client's protocol. */
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

/** Why there is no server, in words for the user, and the interpreter to install it into, where one is known. */
export class NoServer extends Error {
  constructor(
    message: string,
    readonly interpreter: string | undefined,
  ) {
    super(message);
  }
}

/** The first candidate that answers `--version`; a candidate named in the settings is the only one tried. Throws NoServer. */
export async function findServer(log: vscode.LogOutputChannel): Promise<Server> {
  const problems: string[] = [];
  let interpreter: string | undefined;
  for (const candidate of await candidates()) {
    if (candidate.args.length > 0) interpreter = candidate.program;
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
  const tried = problems.length > 0 ? problems.join("; ") : "no Python is selected and logsieve is not on PATH";
  throw new NoServer(`LogSieve's server was not found (${tried}).`, interpreter);
}

async function candidates(): Promise<Candidate[]> {
  const [program, ...args] = config.serverCommand();
  if (program !== undefined) return [{ where: "setting logsieve.server.command", program, args }];
  const named = config.serverInterpreter();
  if (named !== "") return [ofInterpreter("setting logsieve.server.interpreter", named)];
  const found: Candidate[] = [];
  const selected = await selectedInterpreter();
  if (selected !== undefined) found.push(ofInterpreter("selected Python interpreter", selected));
  const onPath = await which("logsieve");
  if (onPath !== undefined) found.push({ where: "PATH", program: onPath, args: [] });
  return found;
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

async function selectedInterpreter(): Promise<string | undefined> {
  // A workspace may select an interpreter it brings along, so this is asked in trusted ones only.
  if (!vscode.workspace.isTrusted) return undefined;
  const extension = vscode.extensions.getExtension<PythonExtension>("ms-python.python");
  if (extension === undefined) return undefined;
  const { environments } = extension.isActive ? extension.exports : await extension.activate();
  const active = environments.getActiveEnvironmentPath(vscode.workspace.workspaceFolders?.[0]?.uri);
  return (await environments.resolveEnvironment(active))?.executable.uri?.fsPath;
}

/** The absolute path of a program on PATH. Looked up here because Windows would also take one in the current folder. */
async function which(name: string): Promise<string | undefined> {
  const file = process.platform === "win32" ? `${name}.exe` : name;
  for (const folder of (process.env["PATH"] ?? "").split(path.delimiter)) {
    if (!path.isAbsolute(folder)) continue;
    const program = path.join(folder, file);
    if (await access(program, constants.X_OK).then(yes, no)) return program;
  }
  return undefined;
}

const yes = (): boolean => true;
const no = (): boolean => false;

function askVersion({ program, args }: Candidate): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: TIMEOUT_MS, cwd: homedir() };
    execFile(program, [...args, "--version"], options, (error, stdout, stderr) => {
      if (error !== null) {
        const said = stderr.trim().split("\n").at(-1);
        const why = error.killed === true ? `no answer in ${TIMEOUT_MS / 1000} s` : error.message.split("\n")[0];
        reject(new Error(said !== undefined && said !== "" ? said : why));
        return;
      }
      const match = /^logsieve\D*(\d+)\.(\d+)\S*/im.exec(stdout);
      if (match === null) {
        reject(new Error(`answers --version with ${JSON.stringify(stdout.slice(0, 80))}`));
        return;
      }
      const [text, major, minor] = [match[0], Number(match[1]), Number(match[2])];
      if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
        reject(new Error(`${text} is too old, ${OLDEST.join(".")} or later is needed`));
        return;
      }
      resolve(text.replace(/^\D+/, ""));
    });
  });
}

/** The package is on no index yet. */
const CHECKOUT = "<path to the LogSieve checkout>";

/** Says that there is no server and offers the ways out of it. */
export async function tellNoServer(problem: NoServer, log: vscode.LogOutputChannel): Promise<void> {
  const [install, settings, output] = ["Install…", "Open Settings", "Show Output"];
  const message = `${problem.message} Install it with: pip install ${CHECKOUT}`;
  const choice = await vscode.window.showErrorMessage(message, install, settings, output);
  if (choice === install) {
    const terminal = vscode.window.createTerminal("LogSieve");
    terminal.show();
    const pip = problem.interpreter === undefined ? "pip" : `"${problem.interpreter}" -m pip`;
    terminal.sendText(`${pip} install "${CHECKOUT}"`, false); // typed for the user to complete, not run
  } else if (choice === settings) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "logsieve.server");
  } else if (choice === output) {
    log.show();
  }
}
