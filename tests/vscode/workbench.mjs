// What the tests see of VS Code's workbench, and what they press. Keys only: overlays swallow clicks.

/** How long to wait for what should come at once, and for a cold start on a busy machine. */
const TIMEOUT_MS = 30_000;
export const START_MS = 120_000;

const STOP = ".interactive-session .interactive-input-part .codicon-stop-circle";

const FAILURES = "#workbench\\.view\\.extension\\.logsieve";

/** @param {import("playwright-core").Page} page */
export function workbench(page) {
  const text = async (/** @type {string} */ selector) => (await page.locator(selector).allInnerTexts()).map((part) => part.replaceAll("\u00a0", " "));

  /** Repeats `look` until it returns something true; throws with what was seen last.
   *  @template T @param {string} what @param {() => Promise<T>} look @param {(seen: T) => boolean} enough @param {number} [limit] @returns {Promise<T>} */
  const until = async (what, look, enough, limit = TIMEOUT_MS) => {
    const end = Date.now() + limit;
    for (;;) {
      const seen = await look();
      if (enough(seen)) return seen;
      if (Date.now() > end) throw new Error(`${what}: saw ${JSON.stringify(seen)?.slice(0, 2000)}`);
      await page.waitForTimeout(100);
    }
  };

  /** @param {string} uri how the URI of an editor's document begins, or "" for the editor in the active group */
  const editor = (uri) => (uri === "" ? ".editor-group-container.active .monaco-editor" : `.monaco-editor[data-uri^="${uri}"]`);

  /** @param {string} selector */
  const tabs = (selector) => page.locator(selector).evaluateAll((found) => found.map((tab) => tab.getAttribute("data-resource-name") ?? ""));

  return {
    until,
    statusBar: () => text(".statusbar-item"),
    /** Numbers of the lines on screen, from the top. @param {string} [uri] */
    lineNumbers: async (uri = "") => (await text(`${editor(uri)} .margin .line-numbers`)).map(Number).sort((a, b) => a - b),
    /** URIs of the documents in the editors on screen. @param {string} [uri] */
    documents: (uri = "") => page.locator(editor(uri)).evaluateAll((editors) => editors.map((shown) => shown.getAttribute("data-uri") ?? "")),
    /** @param {string} [uri] */
    lines: (uri = "") => text(`${editor(uri)} .view-line`),
    /** Texts that are drawn as links. @param {string} uri */
    links: (uri) => text(`${editor(uri)} .detected-link`),
    /** A click with Ctrl. Forced: below the mouse a link becomes another element. @param {string} uri @param {string} words */
    openLink: (uri, words) => page.locator(`${editor(uri)} .detected-link`, { hasText: words }).first().click({ modifiers: ["ControlOrMeta"], force: true }),
    /** Texts that decorations append to lines. */
    labels: () =>
      page.locator(`${editor("")} .view-line span`).evaluateAll((spans) =>
        spans.map((span) => getComputedStyle(span, "::after").content).filter((content) => content !== "none"),
      ),
    /** How many errors are underlined. @param {string} uri */
    squiggles: (uri) => page.locator(`${editor(uri)} .squiggly-error`).count(),
    /** What the status bar says of the cursor. */
    positions: async () => (await text(".statusbar-item")).filter((item) => item.startsWith("Ln ")),
    activeTab: async () => (await tabs(".editor-group-container.active .tab.active")).join(""),
    /** The colour of the first piece of text that holds some characters. @param {string} characters */
    colourOf: async (characters) => {
      const pieces = page.locator(`${editor("")} .view-line span > span`, { hasText: characters });
      return (await pieces.count()) === 0 ? "" : pieces.first().evaluate((piece) => getComputedStyle(piece).color);
    },
    tabs: () => tabs(".tab"),
    /** Where the cursor is, by the outline. */
    breadcrumbs: () => text(".editor-group-container.active .monaco-breadcrumb-item .monaco-icon-name-container"),
    /** The rows of the tree of failures. */
    failures: async () => (await text(`${FAILURES} .monaco-list-row`)).map((row) => row.replaceAll(/\s+/g, " ")),
    /** Follows a row of the tree. @param {string} words @param {number} nth of those that have them */
    failure: (words, nth) => page.locator(`${FAILURES} .monaco-list-row`, { hasText: words }).nth(nth).click(),
    /** Icons of the rows, by their names. */
    failureIcons: () => page.locator(`${FAILURES} .monaco-list-row .custom-view-tree-node-item-icon`).evaluateAll((icons) => icons.map((icon) => /codicon-([a-z]+)/.exec(icon.className)?.[1] ?? "")),
    /** What stands above the rows. */
    failuresMessage: async () => (await text(`${FAILURES} .message`)).join(""),
    /** The number on the icon in the activity bar. */
    badge: async () => (await text('.activitybar .action-item:has([aria-label^="LogSieve"]) .badge-content')).join(""),
    /** An inline action of a row. @param {number} row @param {string} title */
    failureAction: async (row, title) => {
      const item = page.locator(`${FAILURES} .monaco-list-row`).nth(row);
      await item.hover();
      await item.locator(`.action-label[aria-label^="${title}"]`).click();
    },
    notifications: () => text(".notifications-toasts .notification-list-item-message"),
    /** @param {string} label */
    notificationButton: (label) => page.locator(".notifications-toasts .monaco-button", { hasText: label }).click(),
    cancelNotification: () => page.locator(".notifications-toasts .monaco-button", { hasText: "Cancel" }).click(),
    /** @param {string} file @param {string} title */
    fromExplorer: async (file, title) => {
      await page.locator('.activitybar .action-item [aria-label^="LogSieve"]').first().waitFor({ timeout: START_MS }); // what extensions bring is there
      await page.locator(".explorer-folders-view .monaco-list-row", { hasText: file }).click({ button: "right" });
      await page.locator(".context-view .action-menu-item", { hasText: title }).hover();
      await page.keyboard.press("Enter");
    },
    /** @param {string} title */
    titleAction: (title) => page.locator(`.editor-group-container.active .editor-actions .action-label[aria-label^="${title}"]`).click(),
    /** What stands in the chat, an item a turn. */
    chat: () => text(".interactive-session .interactive-item-container"),
    /** @param {string} label */
    chatAnchor: (label) => page.locator(".interactive-session .rendered-markdown a, .interactive-session .chat-inline-anchor-widget", { hasText: label }).last().click(),
    /** @param {string} label */
    chatButton: (label) => page.locator(".interactive-session .monaco-button", { hasText: label }).last().click(),
    chatCancel: () => page.locator(STOP).click(),
    chatBusy: () => page.locator(STOP).isVisible(),
    /** The lines in the input of the chat that can be seen. */
    chatInput: () => text(".interactive-session .interactive-input-part .view-line"),
    clipboard: () => page.evaluate(() => navigator.clipboard.readText()),
    /** @param {number} line */
    cursorOn: (line) => until(`cursor on line ${line}`, () => text(".statusbar-item"), (items) => items.some((item) => item.startsWith(`Ln ${line},`))),
    /** @param {string} keys */
    press: (keys) => page.keyboard.press(keys),
    /** @param {string} title the end of the label in the command palette */
    command: async (title) => {
      const chosen = page.locator(".quick-input-list .monaco-list-row.focused", { hasText: title });
      // What was opened before may take the focus only now, which closes the palette.
      for (let tries = 1; ; tries += 1) {
        try {
          await page.keyboard.press("F1");
          await page.locator(".quick-input-widget .quick-input-box input").fill(`>${title}`, { timeout: 3000 });
          await chosen.waitFor({ timeout: 3000 });
          await page.keyboard.press("Enter");
          return;
        } catch (error) {
          if (tries === 10) throw error;
        }
      }
    },
    /** Opens a file of the workspace. @param {string} file */
    open: async (file) => {
      await page.keyboard.press("Control+p");
      await page.locator(".quick-input-widget .quick-input-box input").fill(file);
      await page.locator(".quick-input-list .monaco-list-row.focused", { hasText: file }).waitFor();
      await page.keyboard.press("Enter");
    },
    /** @param {number} line @param {number} [column] */
    goTo: async (line, column = 1) => {
      await page.keyboard.press("Control+g");
      await page.locator(".quick-input-widget .quick-input-box input").fill(`:${line}:${column}`);
      await page.keyboard.press("Enter");
    },
    pick: { title: () => text(".quick-input-titlebar .quick-input-title:visible"), focused: () => text(".quick-input-list .monaco-list-row.focused") },
    /** Starts to note errors and warnings that pop up; they may be gone by the time a test looks. */
    watchToasts: () =>
      page.addInitScript(() => {
        const seen = (/** @type {any} */ (globalThis).toasts = /** @type {string[]} */ ([]));
        setInterval(() => {
          for (const icon of document.querySelectorAll(".notification-toast :is(.codicon-error, .codicon-warning)")) {
            const said = icon.closest(".notification-toast")?.querySelector(".notification-list-item-message")?.textContent ?? "";
            if (!seen.includes(said)) seen.push(said);
          }
        }, 100);
      }),
    toasts: () => page.evaluate(() => /** @type {string[]} */ (/** @type {any} */ (globalThis).toasts)),
  };
}
