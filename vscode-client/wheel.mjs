// Puts beside the bundle what else is shipped: the server's wheel, which is installed where no server is found (PYTHON is one with pip and
// hatchling), and the sample log of the walkthrough.
import { spawnSync } from "node:child_process";
import { copyFileSync, readdirSync, rmSync } from "node:fs";

copyFileSync("../fixtures/pytest/long-verbose-two-failures/log.txt", "dist/sample.log");
for (const old of readdirSync("dist").filter((name) => name.endsWith(".whl"))) rmSync(`dist/${old}`);
const args = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist", ".."];
const { status, error } = spawnSync(process.env.PYTHON ?? "python3", args, { stdio: "inherit" });
if (status !== 0) throw error ?? new Error("the wheel was not built: PYTHON has to name one with pip and hatchling, as `make vsix` does");
