// Puts the server's wheel beside the bundle: the extension installs it where no server is found. PYTHON is one with pip and hatchling.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";

for (const old of readdirSync("dist").filter((name) => name.endsWith(".whl"))) rmSync(`dist/${old}`);
const args = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist", ".."];
const { status, error } = spawnSync(process.env.PYTHON ?? "python3", args, { stdio: "inherit" });
if (status !== 0) throw error ?? new Error("the wheel was not built: PYTHON has to name one with pip and hatchling, as `make vsix` does");
