/** The colours that a log brings as escape codes: shown as the theme's terminal colours, with the codes themselves out of sight. */

import * as vscode from "vscode";
import { config } from "./config";
import { isWanted } from "./client";

/** Lines that are coloured above and below the ones in view. */
const AROUND = 60;
/** Combinations of colours at once: 24-bit ones could be any number. */
const MOST_STYLES = 200;
/** An escape sequence, also in caret notation; the first group holds the numbers of one that sets colours. */
// eslint-disable-next-line no-control-regex
const CODES = /(?:\x1b|\^\[)(?:\[(?:([\d;:]{0,64})m|[\d;?]{0,64}[A-HJKSTfhlsu])|\][^\x07\x1b]{0,512}(?:\x07|\x1b\\))/g;
const NAMES = ["Black", "Red", "Green", "Yellow", "Blue", "Magenta", "Cyan", "White"];

interface Style {
  foreground?: string | undefined;
  background?: string | undefined;
  bold?: boolean;
  italic?: boolean;
  underline?: boolean;
}

export class Colours implements vscode.Disposable {
  private readonly hidden = vscode.window.createTextEditorDecorationType({ textDecoration: "none; display: none" });
  private readonly types = new Map<string, vscode.TextEditorDecorationType>();
  private readonly registrations: vscode.Disposable[];

  constructor() {
    const drawAll = (): void => {
      vscode.window.visibleTextEditors.forEach((editor) => this.draw(editor));
    };
    this.registrations = [
      this.hidden,
      vscode.window.onDidChangeVisibleTextEditors(drawAll),
      vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => this.draw(textEditor)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        vscode.window.visibleTextEditors.filter((editor) => editor.document === document).forEach((editor) => this.draw(editor));
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("logsieve.colours")) drawAll();
      }),
    ];
    drawAll();
  }

  private draw(editor: vscode.TextEditor): void {
    if (!isWanted(editor.document)) return;
    const hidden: vscode.Range[] = [];
    const ranges = new Map<string, vscode.Range[]>([...this.types.keys()].map((key) => [key, []]));
    if (config.colours()) {
      for (const { start, end } of editor.visibleRanges) {
        const last = Math.min(editor.document.lineCount - 1, end.line + AROUND);
        let style: Style = {};
        for (let line = Math.max(0, start.line - AROUND); line <= last; line += 1) {
          style = colourLine(editor.document.lineAt(line), style, hidden, ranges);
        }
      }
    }
    editor.setDecorations(this.hidden, hidden);
    for (const [key, places] of ranges) {
      const type = this.typeOf(key);
      if (type !== undefined) editor.setDecorations(type, places);
    }
  }

  private typeOf(key: string): vscode.TextEditorDecorationType | undefined {
    const known = this.types.get(key);
    if (known !== undefined || this.types.size >= MOST_STYLES) return known;
    const { foreground, background, bold, italic, underline } = JSON.parse(key) as Style;
    const type = vscode.window.createTextEditorDecorationType({
      ...(foreground !== undefined && { color: colour(foreground) }),
      ...(background !== undefined && { backgroundColor: colour(background) }),
      ...(bold === true && { fontWeight: "bold" }),
      ...(italic === true && { fontStyle: "italic" }),
      ...(underline === true && { textDecoration: "underline" }),
    });
    this.types.set(key, type);
    return type;
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations, ...this.types.values()).dispose();
  }
}

/** A colour of the theme's terminal, or the very one where the log says so. */
function colour(name: string): string | vscode.ThemeColor {
  return name.startsWith("#") ? name : new vscode.ThemeColor(name);
}

/** Adds the ranges of a line to what is there; the style with which the line ends. */
function colourLine({ text, lineNumber }: vscode.TextLine, before: Style, hidden: vscode.Range[], ranges: Map<string, vscode.Range[]>): Style {
  let style = before;
  let from = 0;
  const paint = (to: number): void => {
    const key = JSON.stringify(style);
    if (to <= from || key === "{}") return;
    const places = ranges.get(key) ?? [];
    places.push(new vscode.Range(lineNumber, from, lineNumber, to));
    ranges.set(key, places);
  };
  for (const match of text.matchAll(CODES)) {
    const end = match.index + match[0].length;
    paint(match.index);
    hidden.push(new vscode.Range(lineNumber, match.index, lineNumber, end));
    if (match[1] !== undefined) style = after(style, match[1]);
    from = end;
  }
  paint(text.length);
  return style;
}

/** The style after a code (ECMA-48, "select graphic rendition"). */
function after(before: Style, code: string): Style {
  let style: Style = { ...before };
  const numbers = code.split(/[;:]/).map(Number);
  for (let at = 0; at < numbers.length; at += 1) {
    const number = numbers[at] ?? 0;
    if (number === 0) style = {};
    else if (number === 1) style.bold = true;
    else if (number === 3) style.italic = true;
    else if (number === 4) style.underline = true;
    else if (number === 22) delete style.bold;
    else if (number === 23) delete style.italic;
    else if (number === 24) delete style.underline;
    else if (number === 39) delete style.foreground;
    else if (number === 49) delete style.background;
    else if (number === 38 || number === 48) {
      const [found, used] = extended(numbers.slice(at + 1));
      style[number === 38 ? "foreground" : "background"] = found;
      at += used;
    } else {
      const base = [30, 40, 90, 100].find((first) => number >= first && number < first + 8);
      if (base !== undefined) style[base === 30 || base === 90 ? "foreground" : "background"] = named(number - base, base >= 90);
    }
  }
  return style;
}

function named(index: number, bright: boolean): string {
  return `terminal.ansi${bright ? "Bright" : ""}${NAMES[index] ?? "White"}`;
}

/** A colour of the 256, or a 24-bit one, and how many numbers it took. */
function extended([kind, ...numbers]: number[]): [string | undefined, number] {
  if (kind === 2) return [hex(numbers.slice(0, 3)), 4];
  const index = numbers[0] ?? 0;
  if (kind !== 5 || index > 255) return [undefined, 1];
  if (index < 16) return [named(index % 8, index > 7), 2];
  if (index > 231) return [hex(Array.from({ length: 3 }, () => 8 + 10 * (index - 232))), 2];
  const part = (step: number): number => [0, 95, 135, 175, 215, 255][Math.floor((index - 16) / step) % 6] ?? 0;
  return [hex([part(36), part(6), part(1)]), 2];
}

function hex(parts: number[]): string {
  return `#${parts.map((part) => Math.min(255, Math.max(0, part || 0)).toString(16).padStart(2, "0")).join("")}`;
}
