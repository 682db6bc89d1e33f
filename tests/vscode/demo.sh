#!/usr/bin/env bash
# The real VS Code of the tests on 127.0.0.1, with the extension and sample logs. Usage: demo.sh [PORT]; ends with Ctrl-C.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
editors=$("$here/provision.sh" | tail -n 1)
export PATH="$editors/node-20/bin:$PATH"
cd "$here/../../vscode-client"
[[ -f node_modules/.package-lock.json ]] || npm ci >&2
npm run --silent package >/dev/null
exec node "$here/demo.mjs" "$editors" "$PWD/logsieve.vsix" "$@"
