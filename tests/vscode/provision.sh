#!/usr/bin/env bash
# Fetches and builds real VS Codes (web workbench and extension host), the Nodes that run them, and Chromium, into a cache folder outside the
# checkout: $LOGSIEVE_EDITORS, or ~/.cache/logsieve-editors. What is there already is kept. The last line printed is the folder.
# Exit 3 says that this machine cannot be provisioned; the last line of stderr says why.
set -euo pipefail

# npm's releases of code-server, and the major version of Node that each was built for: the oldest VS Code that the extension runs in, and a
# newer one. editor.mjs knows the folders.
VSCODES=(4.100.3:20 4.139.1:24)

cache=${LOGSIEVE_EDITORS:-${XDG_CACHE_HOME:-$HOME/.cache}/logsieve-editors}

cannot() {
  echo "cannot provision VS Code: $*" >&2
  exit 3
}

say() { echo "provision: $*" >&2; }

install_packages() {
  local wanted=() tool
  local -A package=([chromium]=chromium [rg]=ripgrep [g++]=build-essential [make]=build-essential [python3]=python3)
  for tool in "${!package[@]}"; do
    command -v "$tool" >/dev/null || wanted+=("${package[$tool]}")
  done
  ((${#wanted[@]})) || return 0
  ((EUID == 0)) || cannot "needs root to install ${wanted[*]}"
  command -v apt-get >/dev/null || cannot "needs Debian's apt-get to install ${wanted[*]}"
  say "installing ${wanted[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >"$cache/apt.log" 2>&1
  apt-get install -y --no-install-recommends "${wanted[@]}" fonts-dejavu-core >>"$cache/apt.log" 2>&1 ||
    cannot "apt-get could not install ${wanted[*]}, see $cache/apt.log"
}

# npm's own build of Node brings the headers that native modules are compiled against.
fetch_node() {
  local node=$1 machine
  case $(uname -m) in
  x86_64) machine=x64 ;;
  aarch64) machine=arm64 ;;
  *) cannot "no Node build for $(uname -m)" ;;
  esac
  if [[ ! -x $cache/node-$node/bin/node ]]; then
    say "fetching Node $node"
    unpack "node-linux-$machine@$node" "$cache/node-$node"
  fi
}

# unpack SPEC FOLDER: an npm package's files, put in place only when complete.
unpack() {
  local scratch
  scratch=$(mktemp -d "$cache/unpack.XXXXXX")
  (cd "$scratch" && npm pack "$1" >/dev/null && tar xzf ./*.tgz)
  mv "$scratch/package" "$2"
  rm -rf "$scratch"
}

build_vscode() {
  local version=$1 node=$2
  local dest=$cache/vscode-$version
  [[ -f $dest/.complete ]] && return
  say "fetching VS Code (code-server $version)"
  rm -rf "$dest"
  unpack "code-server@$version" "$dest"
  cd "$dest/lib/vscode"
  local -x PATH="$cache/node-$node/bin:$PATH" npm_config_nodedir="$cache/node-$node"
  say "installing its modules"
  npm install --omit=dev --ignore-scripts >&2
  local module
  for module in @vscode/spdlog node-pty native-watchdog @vscode/native-watchdog; do
    [[ -d node_modules/$module ]] || continue
    say "compiling $module"
    # A module's own post-build step may complain after its native file is built: what counts is the file.
    npm rebuild "$module" --foreground-scripts >"$cache/build-${module##*/}.log" 2>&1 || true
    [[ -n $(find "node_modules/$module/"{build/Release,prebuilds} -name '*.node' 2>/dev/null) ]] ||
      cannot "$module did not compile, see $cache/build-${module##*/}.log"
  done
  mkdir -p node_modules/@vscode/ripgrep/bin
  ln -sf "$(command -v rg)" node_modules/@vscode/ripgrep/bin/rg
  ln -sfn node_modules node_modules.asar
  touch "$dest/.complete"
}

[[ $(uname -s) == Linux ]] || cannot "needs Linux"
command -v npm >/dev/null || cannot "needs npm"
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9 # two runs at once would build over each other
export npm_config_audit=false npm_config_fund=false npm_config_loglevel=error npm_config_update_notifier=false
install_packages
for each in "${VSCODES[@]}"; do
  fetch_node "${each#*:}"
  build_vscode "${each%:*}" "${each#*:}"
done
echo "$cache"
