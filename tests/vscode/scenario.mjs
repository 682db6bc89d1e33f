// A user's way through the real workbench: the browser that shows it, steps with a screenshot of each that fails, and how it ends.

import assert from "node:assert/strict";
import path from "node:path";
import { openBrowser } from "./browser.mjs";
import { step } from "./report.mjs";
import { workbench } from "./workbench.mjs";

/**
 * @param {string} name leads the names of the screenshots, which are put into the folder `editors`
 * @param {string} editors
 * @param {Awaited<ReturnType<typeof import("./editor.mjs").startEditor>>} code
 * @param {Awaited<ReturnType<typeof import("./model.mjs").startModel>> | undefined} model
 * @param {[string, string][]} payload what the workbench does first
 */
export async function startScenario(name, editors, code, model, payload) {
  const url = code.url(payload);
  const browser = await openBrowser(new URL(url).origin);
  const { page } = browser;
  const vs = workbench(page);
  const screenshot = (/** @type {string} */ of) => page.screenshot({ path: path.join(editors, `${name}-${of.replaceAll(/\W+/g, "-")}.png`) });
  const check = (/** @type {string} */ title, /** @type {() => Promise<void>} */ run) => step(title, run, (failed) => screenshot(`failed-${failed}`));
  return {
    page,
    vs,
    screenshot,
    check,
    start: async () => {
      await vs.watchToasts();
      await page.goto(url);
    },
    /** The last step: nothing popped up on the way. */
    quiet: () => check("no error or warning popped up", async () => assert.deepEqual(await vs.toasts(), [])),
    stop: async () => {
      await browser.close();
      await code.stop();
      model?.stop();
    },
  };
}
