/** Gets the user a server: asks before anything is fetched, shows how far it is, says what is in the way and how to get it out of there. */

import { readdirSync } from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";
import * as installer from "./install";
import { selectedInterpreter, type Home, type NoServer } from "./server";

const PYTHON = installer.OLDEST_PYTHON.join(".");
const GET_PYTHON = vscode.Uri.parse("https://www.python.org/downloads/");

export function homeOf(context: vscode.ExtensionContext): Home {
  const dist = path.join(context.extensionPath, "dist");
  const wheel = readdirSync(dist).find((name) => name.endsWith(".whl"));
  return { storage: context.globalStorageUri.fsPath, wheel: wheel === undefined ? undefined : path.join(dist, wheel) };
}

/** Says that there is no server and offers the way out; whether there is one now. */
export async function setUp(problem: NoServer, home: Home, log: vscode.LogOutputChannel): Promise<boolean> {
  const [yes, settings, output] = [vscode.l10n.t("Install"), vscode.l10n.t("Open Settings"), vscode.l10n.t("Show Output")];
  const why = problem.message;
  const choice = problem.mayInstall
    ? await vscode.window.showInformationMessage(
        vscode.l10n.t("LogSieve needs its server, which is not installed yet. It gets an environment of its own and touches no other; its packages are fetched from your Python package index."),
        yes,
        settings,
      )
    : await vscode.window.showErrorMessage(vscode.l10n.t("LogSieve's server was not found. {0}", why), settings, output);
  if (choice === yes) return install(home, log);
  await follow(choice, { [settings]: openSettings, [output]: () => log.show() });
  return false;
}

/** Makes the extension's own environment, again and again until it is there or the user gives up; whether it is there. */
export async function install(home: Home, log: vscode.LogOutputChannel): Promise<boolean> {
  for (;;) {
    const problem = await attempt(home, log);
    if (!(problem instanceof Error)) return problem;
    log.error(problem);
    const [again, output, python, settings] = [vscode.l10n.t("Try Again"), vscode.l10n.t("Show Output"), vscode.l10n.t("Get Python"), vscode.l10n.t("Open Settings")];
    const { text, ways } = inWords(problem);
    const extra = ways.map((way) => ({ python, settings })[way]);
    const choice = await vscode.window.showErrorMessage(text, again, ...extra, output);
    if (choice === again) continue;
    await follow(choice, {
      [output]: () => log.show(),
      [python]: () => vscode.env.openExternal(GET_PYTHON),
      [settings]: () => vscode.commands.executeCommand("workbench.action.openSettings", "@id:http.proxy"),
    });
    return false;
  }
}

async function follow(choice: string | undefined, ways: Record<string, () => unknown>): Promise<void> {
  if (choice !== undefined) await ways[choice]?.();
}

async function openSettings(): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.openSettings", "logsieve.server");
}

/** True when it is done, false where the user gave it up, else what was in the way. */
async function attempt({ storage, wheel }: Home, log: vscode.LogOutputChannel): Promise<boolean | Error> {
  if (wheel === undefined) return new Error(vscode.l10n.t("This build of the extension brings no server. Name one in the settings."));
  const title = vscode.l10n.t("LogSieve: installing its server");
  const selected = await selectedInterpreter();
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, async (progress, token) => {
    const giveUp = new AbortController();
    token.onCancellationRequested(() => giveUp.abort());
    try {
      await installer.install({
        storage,
        wheel,
        pythons: selected === undefined ? [] : [selected],
        env: withProxy(process.env),
        tell: (step, what) => progress.report({ message: step === "package" ? what : vscode.l10n.t("an environment with {0}", what) }),
        log: (line) => log.info(line),
        signal: giveUp.signal,
      });
      return true;
    } catch (error) {
      if (giveUp.signal.aborted) return false;
      return error instanceof Error ? error : new Error(String(error));
    }
  });
}

/** VS Code's own proxy, where the environment names none. */
function withProxy(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const proxy = vscode.workspace.getConfiguration("http").get<string>("proxy", "");
  return proxy === "" ? env : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, ...env };
}

function inWords(problem: Error): { text: string; ways: ("python" | "settings")[] } {
  if (!(problem instanceof installer.InstallError)) return { text: vscode.l10n.t("LogSieve's server was not installed. {0}", problem.message), ways: [] };
  const { obstacle, detail } = problem;
  switch (obstacle) {
    case "noPython":
      return { text: vscode.l10n.t("LogSieve's server needs Python {0} or newer, or uv; neither was found on PATH.", PYTHON), ways: ["python"] };
    case "oldPython":
      return { text: vscode.l10n.t("LogSieve's server needs Python {0} or newer, or uv; only {1} was found.", PYTHON, detail), ways: ["python"] };
    case "noVenv":
      return { text: vscode.l10n.t("{0} cannot make environments: install its venv module (on Debian and Ubuntu: apt install python3-venv), or uv.", detail), ways: [] };
    case "network":
      return { text: vscode.l10n.t("The Python package index was not reached. Is there a network, or is a proxy needed (setting http.proxy)?"), ways: ["settings"] };
    case "proxy":
      return { text: vscode.l10n.t("The proxy did not let LogSieve through to the Python package index (setting http.proxy, or HTTPS_PROXY)."), ways: ["settings"] };
    case "certificate":
      return { text: vscode.l10n.t("The certificate of the Python package index, or of a proxy before it, is not trusted (PIP_CERT or SSL_CERT_FILE name a file with your own authority)."), ways: [] };
    case "noWheel":
      return { text: vscode.l10n.t("Your Python package index has no build of {0} for this Python and system. Another Python may do: 3.11 to 3.13 are known to.", detail), ways: ["python"] };
    case "disk":
      return { text: vscode.l10n.t("There is no space left for LogSieve's server: it needs about 350 MB."), ways: [] };
    case "broken":
      return { text: vscode.l10n.t("LogSieve's server was installed, but does not start."), ways: [] };
    case "other":
      return { text: vscode.l10n.t("LogSieve's server was not installed. {0}", detail), ways: [] };
  }
}
