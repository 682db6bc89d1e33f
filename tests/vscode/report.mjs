// Steps of a scenario: each is reported as one line of JSON, so that pytest can show it as a test of its own.

/** @param {string} name @param {string | undefined} problem */
export function report(name, problem) {
  process.stdout.write(`${JSON.stringify({ name, problem: problem ?? null })}\n`);
}

/** @param {string} name @param {() => Promise<void>} run @param {(name: string) => Promise<unknown>} [onProblem] */
export async function step(name, run, onProblem) {
  try {
    await run();
    report(name, undefined);
  } catch (error) {
    report(name, error instanceof Error ? (error.stack ?? error.message) : String(error));
    await onProblem?.(name);
  }
}
