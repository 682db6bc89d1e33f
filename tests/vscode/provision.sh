#!/usr/bin/env bash
# Fetches and builds a real VS Code (web workbench and extension host), Chromium and a Node that runs both, into a cache folder outside the
# checkout: $LOGSIEVE_EDITORS, or ~/.cache/logsieve-editors. What is there already is kept. The last line printed is the folder.
# Exit 3 says that this machine cannot be provisioned; the last line of stderr says why.
set -euo pipefail

VSCODE=4.100.3 # the npm release of code-server that carries VS Code 1.100.3
NODE=20        # the major version that VS Code 1.100 was built for

cache=${LOGSIEVE_EDITORS:-${XDG_CACHE_HOME:-$HOME/.cache}/logsieve-editors}
dest=$cache/vscode-$VSCODE

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
  local machine
  case $(uname -m) in
  x86_64) machine=x64 ;;
  aarch64) machine=arm64 ;;
  *) cannot "no Node build for $(uname -m)" ;;
  esac
  if [[ ! -x $cache/node-$NODE/bin/node ]]; then
    say "fetching Node $NODE"
    unpack "node-linux-$machine@$NODE" "$cache/node-$NODE"
  fi
  export PATH="$cache/node-$NODE/bin:$PATH" npm_config_nodedir="$cache/node-$NODE"
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
  [[ -f $dest/.complete ]] && return
  say "fetching VS Code (code-server $VSCODE)"
  rm -rf "$dest"
  unpack "code-server@$VSCODE" "$dest"
  cd "$dest/lib/vscode"
  say "installing its modules"
  npm install --omit=dev --ignore-scripts >&2
  local module
  for module in @vscode/spdlog node-pty native-watchdog; do
    say "compiling $module"
    # A module's own post-build step may complain after its native file is built: what counts is the file.
    npm rebuild "$module" --foreground-scripts >"$cache/build-${module##*/}.log" 2>&1 || true
    find "node_modules/$module/build/Release" -name '*.node' | grep -q . ||
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
fetch_node
build_vscode
echo "$cache"
