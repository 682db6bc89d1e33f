// The processes of the editor under test, which this process has started, and the memory of its renderers and extension hosts.

import { readdirSync, readFileSync } from "node:fs";

/**
 * This run's processes.
 * @returns {{pid: number, command: string, kilobytes: number}[]}
 */
function ours() {
  /** @type {Map<number, {pid: number, parent: number, command: string, kilobytes: number}>} */ const processes = new Map();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      const number = (/** @type {string} */ key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
      processes.set(Number(name), { pid: Number(name), parent: number("PPid"), command, kilobytes: number("RssAnon") });
    } catch {
      // it ended meanwhile
    }
  }
  const isOurs = (/** @type {number} */ pid) => {
    for (let at = pid; at > 1; at = processes.get(at)?.parent ?? 0) if (at === process.pid) return true;
    return false;
  };
  return [...processes.values()].filter(({ pid }) => isOurs(pid));
}

/**
 * Memory of this run's renderers and extension hosts in MB, each by itself, without the pages of programs.
 * @returns {{renderer: number, extensionHost: number}}
 */
export function memory() {
  const used = { renderer: 0, extensionHost: 0 };
  for (const { command, kilobytes } of ours()) {
    const kind = /--type=(renderer|extensionHost)/.exec(command)?.[1];
    if (kind !== undefined) used[/** @type {keyof typeof used} */ (kind)] += kilobytes / 1024;
  }
  return used;
}

/** The process in which LogSieve's server analyses logs, if there is one by now. */
export const worker = () => ours().find(({ command }) => command.includes("logsieve.lsp.worker"))?.pid;
