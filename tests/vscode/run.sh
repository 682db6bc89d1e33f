#!/usr/bin/env bash
# Builds the extension and runs a script of this folder with the real VS Code of the tests. Usage: run.sh SCRIPT [ARGUMENT...]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
editors=$("$here/provision.sh" | tail -n 1)
export PATH="$editors/node-20/bin:$PATH"
cd "$here/../../vscode-client"
[[ -f node_modules/.package-lock.json ]] || npm ci >&2
npm run --silent package >/dev/null
exec node "$here/$1" "$editors" "$PWD/logsieve.vsix" "${@:2}"
