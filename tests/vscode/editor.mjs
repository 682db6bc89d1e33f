// The real VS Code of the tests: a fresh profile, a fresh workspace, the extension installed, served on loopback.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

export const repository = path.resolve(import.meta.dirname, "../..");
export const client = path.join(repository, "vscode-client");

/** The VS Codes that provision.sh builds, and the Node of each. */
const VERSIONS = new Map([
  ["1.100", { folder: "vscode-4.100.3", node: "node-20" }],
  ["1.139", { folder: "vscode-4.139.1", node: "node-24" }],
]);

// Nothing that moves, asks or talks to the network: only the workbench and the extension.
const QUIET = {
  "chat.disableAIFeatures": true,
  "editor.accessibilitySupport": "off",
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "files.autoSave": "off",
  "git.enabled": false,
  "security.workspace.trust.enabled": false,
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "window.commandCenter": false,
  "workbench.colorTheme": "Default Dark Modern",
  "workbench.enableExperiments": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.welcomePage.walkthroughs.openOnInstall": false,
};

/** @returns {Promise<number>} a port on loopback that was free a moment ago */
export async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (probe.address());
  probe.close();
  await once(probe, "close");
  return port;
}

/**
 * Starts VS Code on a workspace that holds copies of `files`.
 * @param {{editors: string, vsix?: string, files: Record<string, string>, settings: Record<string, unknown>, port?: number, flags?: string[],
 *   environment?: Record<string, string>}} options
 *   editors: the folder that provision.sh printed; files: name in the workspace to the path of the original; environment: in place of ours
 */
export async function startEditor({ editors, vsix, files, settings, port, flags = [], environment = {} }) {
  const root = mkdtempSync(path.join(tmpdir(), "logsieve-vscode-"));
  const [workspace, profile] = [path.join(root, "workspace"), path.join(root, "profile")];
  mkdirSync(workspace);
  for (const [name, original] of Object.entries(files)) cpSync(original, path.join(workspace, name));
  for (const kind of ["User", "Machine"]) {
    mkdirSync(path.join(profile, "data", kind), { recursive: true });
    writeFileSync(path.join(profile, "data", kind, "settings.json"), JSON.stringify({ ...QUIET, ...settings }, undefined, 2));
  }
  const version = VERSIONS.get(process.env.LOGSIEVE_VSCODE ?? "1.100");
  if (version === undefined) throw new Error("no such VS Code is provided");
  const node = path.join(editors, version.node, "bin/node");
  const main = path.join(editors, version.folder, "lib/vscode/out/server-main.js");
  const folders = ["--server-data-dir", profile, "--user-data-dir", `${profile}/data`, "--extensions-dir", `${profile}/extensions`];
  const none = "http://127.0.0.1:9/none"; // nothing listens there: no marketplace is asked
  const env = {
    ...process.env,
    ...environment,
    // What the server remembers (the consent to send, for one) is remembered for this run only.
    ...Object.fromEntries(["CONFIG", "DATA", "STATE"].map((kind) => [`XDG_${kind}_HOME`, path.join(root, kind.toLowerCase())])),
    EXTENSIONS_GALLERY: JSON.stringify({ serviceUrl: none, itemUrl: none, resourceUrlTemplate: none }),
  };
  if (vsix !== undefined) await run(node, [main, ...folders, "--install-extension", vsix], env);
  const at = port ?? (await freePort());
  const args = ["--host", "127.0.0.1", "--port", String(at), "--without-connection-token", "--accept-server-license-terms"];
  const trust = ["--telemetry-level", "off", "--disable-workspace-trust"];
  const server = spawn(node, [main, ...args, ...trust, ...folders, ...flags], { env, stdio: ["ignore", "pipe", "pipe"] });
  await listening(server);
  return {
    workspace,
    profile,
    /** @param {[string, string][]} payload what the workbench does first, see `opening` */
    url: (payload) => `http://127.0.0.1:${at}/?folder=${workspace}&payload=${encodeURIComponent(JSON.stringify(payload))}`,
    /** @param {string} file */
    opening: (file) => /** @type {[string, string]} */ (["openFile", `vscode-remote://127.0.0.1:${at}${path.join(workspace, file)}`]),
    /** @param {string} file */
    remote: (file) => `vscode-remote://127.0.0.1:${at}${file}`,
    stop: async () => {
      server.kill();
      if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
      rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** @param {import("node:child_process").ChildProcess} server */
async function listening(server) {
  let said = "";
  await new Promise((resolve, reject) => {
    server.once("exit", () => reject(new Error(`VS Code did not start:\n${said}`)));
    for (const stream of [server.stdout, server.stderr]) {
      stream?.on("data", (data) => {
        said += data;
        if (said.includes("Extension host agent listening")) resolve(undefined);
      });
    }
  });
}

/** @param {string} program @param {string[]} args @param {NodeJS.ProcessEnv} env */
async function run(program, args, env) {
  const child = spawn(program, args, { env, stdio: ["ignore", "ignore", "inherit"] });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${args.join(" ")} failed with ${code}`);
}

/** @returns {string[]} how the checkout's own server is started */
export function serverCommand() {
  if (process.env.LOGSIEVE_SERVER !== undefined) return JSON.parse(process.env.LOGSIEVE_SERVER);
  const own = path.join(repository, ".venv/bin/logsieve");
  return [existsSync(own) ? own : "logsieve"];
}
