/** The server in an environment of its own: the wheel that comes with the extension, and uv or a Python that is there. Knows nothing of VS Code. */

import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { access, constants, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

/** The oldest Python that the server runs on. */
export const OLDEST_PYTHON = [3, 11] as const;
/** The newest Pythons come last: packages with native code have no wheels for them at first. */
const PYTHONS = ["python3.13", "python3.12", "python3.11", "python3", "python", "py", "python3.14"];
/** What VS Code started from the Dock of a Mac does not have on its PATH. */
const FURTHER = process.platform === "darwin" ? ["/opt/homebrew/bin", "/usr/local/bin"] : [];
/** With what its features need: models of Anthropic's, keys in the system's keyring, the MCP server. */
const EXTRAS = "anthropic,keyring,mcp";
/** Another window may still run an environment of an earlier release, or be making one. */
const KEPT_MS = 7 * 24 * 3600 * 1000;
const PROBE_MS = 15_000;
/** How much of what a program said is looked at when it failed. */
const HEARD = 20_000;

/** What can go wrong, so that each can be told in words that help. */
export type Obstacle = "noPython" | "oldPython" | "noVenv" | "network" | "proxy" | "certificate" | "noWheel" | "disk" | "broken" | "other";

export class InstallError extends Error {
  constructor(
    readonly obstacle: Obstacle,
    /** The Python that is too old, the package without a wheel, or the last that was said. */
    readonly detail: string,
  ) {
    super(`${obstacle}: ${detail}`);
  }
}

export interface Options {
  /** The folder for environments; each is named by the content of the wheel it was made from. */
  storage: string;
  wheel: string;
  /** Interpreters to try before those on PATH. */
  pythons: string[];
  env: NodeJS.ProcessEnv;
  /** Is told of each step: the program that makes the environment, then the packages as they come. */
  tell: (step: "environment" | "package", what: string) => void;
  /** Gets what the programs say. */
  log: (line: string) => void;
  signal: AbortSignal;
}

/** The interpreter of the environment for a wheel, if it has been made. */
export async function installed(storage: string, wheel: string): Promise<string | undefined> {
  const python = interpreter(await environmentOf(storage, wheel));
  return (await exists(python)) ? python : undefined;
}

/** Makes the environment and gives its interpreter. Throws InstallError, or what `signal` is aborted with. */
export async function install(options: Options): Promise<string> {
  const { storage, wheel, signal } = options;
  const target = await environmentOf(storage, wheel);
  if (await starts(options, target)) return interpreter(target);
  await mkdir(storage, { recursive: true });
  let failed: unknown;
  for (const build of await ways(options)) {
    signal.throwIfAborted();
    // Built aside and moved when complete: what is there is whole, also when two windows do this at once.
    const scratch = await mkdtemp(`${target}.`);
    try {
      await build(scratch);
      if (!(await starts(options, scratch))) throw new InstallError("broken", "");
      await place(scratch, target, options);
      await sweep(storage, target);
      return interpreter(target);
    } catch (error) {
      signal.throwIfAborted();
      options.log(String(error));
      failed = error;
    } finally {
      await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
    }
  }
  throw failed;
}

type Build = (folder: string) => Promise<void>;

/** uv first, as it takes seconds and can fetch a Python; pip also where uv fails, as it may know another index. Throws InstallError. */
async function ways(options: Options): Promise<Build[]> {
  const uv = await which("uv", options.env);
  const pythons = await findPythons(options);
  const fit = pythons.filter(({ version }) => isNewEnough(version));
  const python = fit.find(({ venv }) => venv);
  const requirement = `logsieve[${EXTRAS}] @ ${pathToFileURL(options.wheel).href}`;
  const found: Build[] = [];
  if (uv !== undefined) {
    found.push(async (folder) => {
      options.tell("environment", "uv");
      await run(options, uv, ["venv", "--no-project", "--python", fit[0]?.program ?? `>=${OLDEST_PYTHON.join(".")}`, "--allow-existing", folder]);
      await run(options, uv, ["pip", "install", "--python", interpreter(folder), "--only-binary", ":all:", requirement]);
    });
  }
  if (python !== undefined) {
    found.push(async (folder) => {
      options.tell("environment", `Python ${python.version.join(".")}`);
      await run(options, python.program, ["-m", "venv", folder]);
      const quiet = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--retries", "2"];
      await run(options, interpreter(folder), ["-P", "-m", "pip", "install", ...quiet, "--only-binary", ":all:", requirement]);
    });
  }
  if (found.length > 0) return found;
  const [first] = fit.length > 0 ? fit : pythons;
  if (first === undefined) throw new InstallError("noPython", "");
  throw new InstallError(fit.length > 0 ? "noVenv" : "oldPython", `Python ${first.version.join(".")} (${first.program})`);
}

interface Python {
  program: string;
  version: [number, number];
  /** Debian ships Python without what makes environments. */
  venv: boolean;
}

async function findPythons({ pythons, env }: Options): Promise<Python[]> {
  const found: Python[] = [];
  const named = await Promise.all(PYTHONS.map((name) => which(name, env)));
  for (const program of [...pythons, ...named.filter((name) => name !== undefined)]) {
    const python = await probe(program, env);
    if (python === undefined || found.some((other) => other.program === python.program)) continue;
    found.push(python);
    if (isNewEnough(python.version) && python.venv) break; // the rest need not be started
  }
  return found;
}

function isNewEnough([major, minor]: [number, number]): boolean {
  return major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1]);
}

/** Asks a Python of any age what it is. */
function probe(program: string, env: NodeJS.ProcessEnv): Promise<Python | undefined> {
  const code = 'import sys; print("%d.%d %s" % (sys.version_info[0], sys.version_info[1], sys.executable)); sys.stdout.flush(); import ensurepip, venv';
  return new Promise((resolve) => {
    execFile(program, ["-E", "-s", "-c", code], { timeout: PROBE_MS, cwd: homedir(), env: clean(env) }, (error, stdout) => {
      const match = /^(\d+)\.(\d+) (.+)$/m.exec(stdout);
      if (match === null) resolve(undefined);
      else resolve({ program: match[3]?.trim() ?? program, version: [Number(match[1]), Number(match[2])], venv: error === null });
    });
  });
}

/** The absolute path of a program on PATH. Looked up here because Windows would also take one in the current folder. */
export async function which(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const file = process.platform === "win32" ? `${name}.exe` : name;
  for (const folder of [...(env["PATH"] ?? env["Path"] ?? "").split(path.delimiter), ...FURTHER]) {
    const program = path.join(folder, file);
    if (path.isAbsolute(folder) && (await exists(program))) return program;
  }
  return undefined;
}

function exists(program: string): Promise<boolean> {
  return access(program, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** What the user set for other Pythons must not reach into this one; where packages come from is theirs to say. */
function clean(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = new Set(["PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"]);
  return { ...Object.fromEntries(Object.entries(env).filter(([name]) => !own.has(name))), PIP_USER: "0" };
}

/** Runs a program; when that is given up it ends with all that it has started, for these would go on writing to a folder that is being removed. */
function run({ env, tell, log, signal }: Options, program: string, args: string[]): Promise<void> {
  log(`$ ${[program, ...args].join(" ")}`);
  return new Promise((resolve, reject) => {
    const isGroup = process.platform !== "win32";
    const child = spawn(program, args, { cwd: homedir(), env: clean(env), stdio: ["ignore", "pipe", "pipe"], detached: isGroup });
    const stop = (): void => {
      if (isGroup && child.pid !== undefined) process.kill(-child.pid);
      else child.kill();
    };
    let said = "";
    const hear = (line: string): void => {
      log(line);
      said = `${said}${line}\n`.slice(-HEARD);
      const name = /^ *(?:Collecting ([\w.-]+)|(?:Downloading|Processing) (?:\S*[\\/])?(\w[\w.]*)-)/.exec(line)?.slice(1).find(Boolean);
      if (name !== undefined) tell("package", name);
    };
    createInterface(child.stdout).on("line", hear);
    createInterface(child.stderr).on("line", hear);
    child.once("error", (error) => reject(new InstallError("other", error.message)));
    // Closed when the last one that could write to it has ended.
    child.once("close", (code) => {
      signal.removeEventListener("abort", stop);
      if (signal.aborted) reject(signal.reason as Error);
      else if (code === 0) resolve();
      else reject(obstacleIn(said, code));
    });
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop);
  });
}

/** pip and uv end with a package that was not found also when nothing could be reached, so that is looked for first. */
const OBSTACLES: [Obstacle, RegExp][] = [
  ["disk", /No space left on device|\[WinError 112\]|Disk quota exceeded/i],
  ["proxy", /ProxyError|Cannot connect to proxy|Tunnel connection failed|407 Proxy Authentication|proxy authentication required|tunnel error/i],
  ["certificate", /CERTIFICATE_VERIFY_FAILED|SSLError|invalid peer certificate|UnknownIssuer/i],
  ["network", /NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|getaddrinfo|name resolution|Network is unreachable|Connection refused|ConnectionReset|dns error|error sending request|client error \(Connect\)|timed out/i],
  ["noVenv", /ensurepip is not available|No module named '?(?:venv|ensurepip)|Command .*ensurepip.* returned non-zero/i],
  ["noWheel", /No matching distribution found for (\S+)|no (?:usable )?wheels?|Because (\S+) .*(?:not found|no versions)/i],
];

function obstacleIn(said: string, code: number | null): InstallError {
  for (const [obstacle, pattern] of OBSTACLES) {
    const match = pattern.exec(said);
    if (match !== null) return new InstallError(obstacle, (match.slice(1) as (string | undefined)[]).find((name) => name !== undefined) ?? match[0]);
  }
  return new InstallError("other", said.trim().split("\n").at(-1) ?? `exit code ${code}`);
}

/** Whether the server of an environment starts. */
async function starts(options: Options, folder: string): Promise<boolean> {
  if (!(await exists(interpreter(folder)))) return false;
  return run(options, interpreter(folder), ["-P", "-m", "logsieve", "--version"]).then(
    () => true,
    () => false,
  );
}

/** Moves a finished environment to its place, unless another window was faster. */
async function place(scratch: string, target: string, options: Options): Promise<void> {
  if (await starts(options, target)) return;
  await rm(target, { recursive: true, force: true, maxRetries: 5 }); // what is there does not start: its Python is gone, for one
  await rename(scratch, target);
}

/** Removes environments of other wheels that have not been made or used for a while; one that cannot be removed stays. */
async function sweep(storage: string, target: string): Promise<void> {
  for (const name of await readdir(storage)) {
    const folder = path.join(storage, name);
    if (folder === target || Date.now() - (await stat(folder)).mtimeMs < KEPT_MS) continue;
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Marks an environment as used, so that no other release sweeps it away. */
export async function touch(python: string): Promise<void> {
  const now = new Date();
  await utimes(path.dirname(path.dirname(python)), now, now).catch(() => undefined);
}

async function environmentOf(storage: string, wheel: string): Promise<string> {
  const hash = createHash("sha256").update(await readFile(wheel)).digest("hex");
  return path.join(storage, `server-${hash.slice(0, 12)}`);
}

function interpreter(folder: string): string {
  return process.platform === "win32" ? path.join(folder, "Scripts", "python.exe") : path.join(folder, "bin", "python");
}
