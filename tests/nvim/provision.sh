#!/usr/bin/env bash
# Finds or fetches a Neovim >= 0.11. The last line printed is the path of its program.
# A good enough `nvim` on the PATH is taken. Else Debian's current one is unpacked into a prefix of its own, with its own libc, so that the host's
# packages stay as they are: $LOGSIEVE_EDITORS, or ~/.cache/logsieve-editors. What is there already is kept (a moving suite drops old versions).
# Exit 3 says that this machine cannot be provisioned; the last line of stderr says why.
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/../debian.sh"

SUITE=${LOGSIEVE_NVIM_SUITE:-forky} # the first Debian suite with Neovim 0.12

cache=${LOGSIEVE_EDITORS:-${XDG_CACHE_HOME:-$HOME/.cache}/logsieve-editors}
dest=$cache/nvim-$SUITE

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

if command -v nvim >/dev/null && new_enough nvim; then
  command -v nvim
  exit
fi
if [[ ! -x $dest/nvim ]]; then
  [[ $(uname -s) == Linux ]] || cannot "needs Linux, or Neovim 0.11 on the PATH"
  mkdir -p "$cache"
  scratch=$(mktemp -d "$cache/nvim.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  echo "provision: fetching Neovim from Debian $SUITE" >&2
  fetch_debian "$SUITE" "$scratch" neovim '^(gcc-.*-base|media-types|install-info|zlib.*|debconf|perl.*|dpkg|tar)$' # nothing that it loads
  write_launcher "$scratch"
  new_enough "$scratch/nvim" || cannot "the Neovim of Debian $SUITE does not run here, or is too old"
  chmod 755 "$scratch"
  mv -T "$scratch" "$dest" 2>/dev/null || [[ -x $dest/nvim ]] # another run may have been faster
fi
echo "$dest/nvim"
