// Writes l10n/bundle.l10n.json, the messages of the sources for translators: a translation is the same file as bundle.l10n.LANGUAGE.json.
// tests/vscode/test_l10n.py says when it is to be run again: npm run l10n.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

const sources = readdirSync("src").map((file) => readFileSync(`src/${file}`, "utf8"));
const found = sources.flatMap((source) => [...source.matchAll(/\bl10n\.t\(\s*("(?:[^"\\\n]|\\.)*")/g)].map(([, message]) => JSON.parse(message)));
const messages = [...new Set(found)].sort();
mkdirSync("l10n", { recursive: true });
writeFileSync("l10n/bundle.l10n.json", `${JSON.stringify(Object.fromEntries(messages.map((message) => [message, message])), undefined, 2)}\n`);
