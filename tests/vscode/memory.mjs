// The memory of the editor under test: of the browser's renderers and of VS Code's extension hosts, which this process has started.

import { readdirSync, readFileSync } from "node:fs";

/**
 * Memory of this run's renderers and extension hosts in MB, each by itself, without the pages of programs.
 * @returns {{renderer: number, extensionHost: number}}
 */
export function memory() {
  /** @type {Map<number, {parent: number, command: string, kilobytes: number}>} */ const processes = new Map();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      const number = (/** @type {string} */ key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
      processes.set(Number(name), { parent: number("PPid"), command, kilobytes: number("RssAnon") });
    } catch {
      // it ended meanwhile
    }
  }
  const isOurs = (/** @type {number} */ pid) => {
    for (let at = pid; at > 1; at = processes.get(at)?.parent ?? 0) if (at === process.pid) return true;
    return false;
  };
  const used = { renderer: 0, extensionHost: 0 };
  for (const [pid, { command, kilobytes }] of processes) {
    const kind = /--type=(renderer|extensionHost)/.exec(command)?.[1];
    if (kind !== undefined && isOurs(pid)) used[/** @type {keyof typeof used} */ (kind)] += kilobytes / 1024;
  }
  return used;
}
