/** Which failure is next to a line. Pure: no editor is needed to say so. */

import type { Finding } from "./protocol";

/** What the jump keys walk, by line: the errors, or, where there are none, all findings. */
export function stops(findings: readonly Finding[]): Finding[] {
  const errors = findings.filter((finding) => finding.severity === "error");
  return (errors.length > 0 ? errors : [...findings]).sort((a, b) => a.anchor - b.anchor);
}

/** The finding a line belongs to: the one it announces, else the smallest around it. */
export function findingAt(findings: readonly Finding[], line: number): Finding | undefined {
  const size = ({ anchor, range }: Finding): number => (anchor === line ? -1 : range.end.line - range.start.line);
  return findings.filter((finding) => holds(finding, line)).sort((a, b) => size(a) - size(b))[0];
}

function holds({ anchor, range }: Finding, line: number): boolean {
  // A range that ends at column 0 does not hold that line.
  const last = range.end.character === 0 ? range.end.line - 1 : range.end.line;
  return line === anchor || (range.start.line <= line && line <= last);
}

/** The next (step 1) or previous (step -1) failure, around the end; from inside one it is its neighbour. */
export function neighbour(findings: readonly Finding[], line: number, step: 1 | -1): Finding | undefined {
  const walk = stops(findings);
  const current = findingAt(walk, line);
  if (current !== undefined) return walk.at((walk.indexOf(current) + step) % walk.length);
  if (step === 1) return walk.find(({ anchor }) => anchor > line) ?? walk[0];
  return walk.findLast(({ anchor }) => anchor < line) ?? walk.at(-1);
}
