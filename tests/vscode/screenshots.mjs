// The pictures of the extension's README and walkthrough, taken in the real VS Code. Usage: node screenshots.mjs EDITORS VSIX FOLDER.

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { repository, serverCommand, startEditor } from "./editor.mjs";
import { withPalette } from "./palette.mjs";
import { startScenario } from "./scenario.mjs";
import { START_MS } from "./workbench.mjs";

const [editors = "", vsix = "", folder = ""] = process.argv.slice(2);
const THEMES = { light: "Default Light Modern", dark: "Default Dark Modern", contrast: "Default High Contrast" };
const SIZE = { width: 1120, height: 600 };
const SIDE_BAR = 440; // where it ends: titles of failures are long
const fixture = (/** @type {string} */ name) => path.join(repository, "fixtures", name, "log.txt");
const scratch = mkdtempSync(path.join(tmpdir(), "logsieve-screenshots-"));

process.env.LOGSIEVE_VSCODE ??= "1.139";

/** An archive as GitHub makes it of a run's logs. */
function archive() {
  const jobs = { "1_test (3.12).txt": "pytest/long-verbose-two-failures", "2_lint.txt": "github-actions/tolerated-step-then-tsc", "3_build.txt": "github-actions/passed" };
  const files = Object.entries(jobs).map(([name, log]) => {
    cpSync(fixture(log), path.join(scratch, name));
    return path.join(scratch, name);
  });
  const zip = path.join(scratch, "logs.zip");
  execFileSync("python3", ["-m", "zipfile", "-c", zip, ...files]);
  return zip;
}

const files = {
  "ci.log": fixture("github-actions/tolerated-step-then-tsc"),
  "tests.log": fixture("pytest/long-verbose-two-failures"),
  "logs_4711.zip": archive(),
};

for (const [name, theme] of Object.entries(THEMES)) {
  const settings = {
    "logsieve.server.command": serverCommand(),
    "workbench.colorTheme": theme,
    "editor.minimap.enabled": false,
    "editor.stickyScroll.enabled": false,
    "editor.lightbulb.enabled": "off", // it would cover a line's number
    "editor.unicodeHighlight.ambiguousCharacters": false,
    "window.menuBarVisibility": "hidden",
  };
  const code = await startEditor({ editors, vsix, files, settings });
  const { page, vs, start, stop } = await startScenario("screenshots", editors, code, undefined, [code.opening("ci.log")]);
  const picture = async (/** @type {string} */ of) => {
    await page.mouse.move(200, 15); // off what shows more below the mouse
    await page.waitForTimeout(4000); // what fades has faded, what is coloured later is coloured
    writeFileSync(path.join(folder, `${of}-${name}.png`), withPalette(await page.screenshot()));
  };
  try {
    await page.setViewportSize(SIZE);
    await start();
    await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log failed, 8 errors/.test(item)), START_MS);
    await vs.command("LogSieve: Focus on Failures View");
    await vs.until("sections", vs.failures, (rows) => rows.some((row) => row.startsWith("prettier --check")));
    const edge = await page.locator(".part.sidebar").boundingBox();
    if (edge !== null) await page.mouse.move(edge.x + edge.width, SIZE.height / 2);
    await page.mouse.down();
    await page.mouse.move(SIDE_BAR, SIZE.height / 2, { steps: 5 });
    await page.mouse.up();
    await vs.command("LogSieve: Go to Root Cause");
    await vs.until("signs", () => page.locator(".monaco-editor .cgmr").count(), (count) => count > 5);
    await vs.until("problems", () => vs.squiggles(""), (count) => count > 5);
    await picture("failures");

    await vs.open("tests.log");
    await vs.until("folds", vs.labels, (labels) => labels.some((label) => label.includes("lines:")));
    await vs.command("LogSieve: Open Reduced Log");
    await vs.until("cause", () => vs.lines("logsieve://reduced"), (rows) => rows.some((row) => row.includes("assert 4446")));
    await vs.command("View: Toggle Primary Side Bar Visibility");
    await picture("reduced");

    await vs.command("View: Close All Editors");
    await vs.command("View: Show Explorer");
    await vs.fromExplorer("logs_4711.zip", "Triage File");
    await vs.until("jobs", vs.failures, (rows) => rows.some((row) => row.startsWith("2_lint")), START_MS);
    await vs.until("cause", vs.labels, (labels) => labels.includes('"◀ root cause"'));
    await picture("archive");
  } finally {
    await stop();
  }
}
rmSync(scratch, { recursive: true });
