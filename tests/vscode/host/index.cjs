// Entry point that VS Code calls in the extension host: runs mocha over the tests beside this file and tells each result.

const { createRequire } = require("node:module");
const path = require("node:path");

const Mocha = createRequire(path.resolve(__dirname, "../../../vscode-client/package.json"))("mocha");

exports.run = () =>
  new Promise((resolve) => {
    const mocha = new Mocha({ ui: "bdd", timeout: 30_000, reporter: class {} });
    for (const file of ["log.test.cjs", "model.test.cjs"]) mocha.addFile(path.join(__dirname, file));
    const tell = (test, error) =>
      console.log(`LOGSIEVE-RESULT ${JSON.stringify({ name: test.title, problem: error ? (error.stack ?? String(error)) : null })}`);
    mocha.run(() => resolve()).on("pass", (test) => tell(test)).on("fail", tell);
  });
