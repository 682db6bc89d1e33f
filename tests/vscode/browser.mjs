// Chromium with a page that holds VS Code, driven by the keyboard.

import { createRequire } from "node:module";
import path from "node:path";
import { client } from "./editor.mjs";

const { chromium } = /** @type {typeof import("playwright-core")} */ (
  createRequire(path.join(client, "package.json"))("playwright-core")
);
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];

/** @param {string} origin may read and write the clipboard */
export async function openBrowser(origin) {
  const browser = await chromium.launch({
    executablePath: process.env.LOGSIEVE_CHROMIUM ?? "/usr/bin/chromium",
    args: [...FLAGS, "--disable-component-update", "--disable-sync"],
  });
  const context = await browser.newContext({ viewport: { width: 1360, height: 820 } });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  return { page, close: () => browser.close() };
}
