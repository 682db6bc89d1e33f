// The pictures of the extension's README and walkthrough, taken in the real VS Code. Usage: node screenshots.mjs EDITORS VSIX FOLDER.

import path from "node:path";
import { repository, serverCommand, startEditor } from "./editor.mjs";
import { startScenario } from "./scenario.mjs";
import { START_MS } from "./workbench.mjs";

const [editors = "", vsix = "", folder = ""] = process.argv.slice(2);
const THEMES = { light: "Default Light Modern", dark: "Default Dark Modern", contrast: "Default High Contrast" };
const SIZE = { width: 1120, height: 600 };
const files = {
  "ci.log": path.join(repository, "fixtures/pytest/long-verbose-two-failures/log.txt"),
  "build.log": path.join(repository, "fixtures/cmake/missing-type-cascade/log.txt"),
};

for (const [name, theme] of Object.entries(THEMES)) {
  const settings = {
    "logsieve.server.command": serverCommand(),
    "workbench.colorTheme": theme,
    "workbench.statusBar.visible": true,
    "editor.minimap.enabled": false,
    "editor.stickyScroll.enabled": false,
    "editor.unicodeHighlight.ambiguousCharacters": false,
    "window.menuBarVisibility": "hidden",
  };
  const code = await startEditor({ editors, vsix, files, settings });
  const { page, vs, start, stop } = await startScenario("screenshots", editors, code, undefined, [code.opening("ci.log")]);
  const picture = async (/** @type {string} */ of) => {
    await page.mouse.move(SIZE.width / 2, SIZE.height - 60); // off what shows more below the mouse
    await page.waitForTimeout(1500); // what fades has faded
    await page.screenshot({ path: path.join(folder, `${of}-${name}.png`) });
  };
  try {
    await page.setViewportSize(SIZE);
    await start();
    await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log failed/.test(item)), START_MS);
    await vs.open("build.log");
    await vs.until("verdict", vs.statusBar, (items) => items.some((item) => /Log failed, 2 errors, 2 warnings/.test(item)));
    await vs.until("folds", vs.labels, (labels) => labels.some((label) => label.includes("lines:")));
    await vs.command("LogSieve: Focus on Failures View");
    await vs.until("failures", vs.failures, (rows) => rows.length > 4);
    await vs.until("mark", vs.labels, (labels) => labels.includes('"◀ root cause"'));
    await picture("failures");
    await vs.open("ci.log");
    await vs.command("LogSieve: Open Reduced Log");
    await vs.until("cause", () => vs.lines("logsieve://reduced"), (rows) => rows.some((row) => row.includes("assert 4446")));
    await vs.command("View: Toggle Primary Side Bar Visibility");
    await picture("reduced");
  } finally {
    await stop();
  }
}
