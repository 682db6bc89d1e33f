#!/usr/bin/env bash
# provision.sh helix|emacs: finds or fetches what the editor's test needs, into a folder of its own under $LOGSIEVE_EDITORS or
# ~/.cache/logsieve-editors. The last line printed is Helix's program, or the folders (by ":") that an Emacs without eglot finds it in.
# Exit 3 says that this machine cannot be provisioned; the last line of stderr says why.
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/../debian.sh"

cache=${LOGSIEVE_EDITORS:-${XDG_CACHE_HOME:-$HOME/.cache}/logsieve-editors}

# kept NAME SUITE PACKAGE LEFT_OUT: the folder of a package, fetched where it is not there yet.
kept() {
  local dest=$cache/$1 scratch
  if [[ ! -d $dest ]]; then
    [[ $(uname -s) == Linux ]] || cannot "needs Linux"
    mkdir -p "$cache"
    scratch=$(mktemp -d "$cache/$1.XXXXXX")
    echo "provision: fetching $3 from Debian $2" >&2
    fetch_debian "$2" "$scratch" "$3" "$4"
    chmod 755 "$scratch"
    mv -T "$scratch" "$dest" 2>/dev/null || rm -rf "$scratch" # another run may have been faster
  fi
  echo "$dest"
}

case $1 in
helix)
  if command -v hx; then exit; fi
  dest=$(kept helix-forky forky hx '^gcc-.*-base$')
  libraries=$(echo "$dest"/usr/lib/*-linux-gnu)
  printf '#!/bin/sh\nexport HELIX_RUNTIME=%q\nexec %q --library-path %q %q "$@"\n' \
    "$dest/usr/lib/hx/runtime" "$(echo "$libraries"/ld-linux-*.so.*)" "$libraries" "$dest/usr/bin/hx" >"$dest/hx.$$"
  chmod +x "$dest/hx.$$"
  mv "$dest/hx.$$" "$dest/hx"
  "$dest/hx" --version >&2 || cannot "the Helix of Debian does not run here"
  echo "$dest/hx"
  ;;
emacs)
  command -v emacs >&2 || cannot "needs Emacs on the PATH"
  if emacs --batch --eval '(kill-emacs (if (locate-library "eglot") 0 1))'; then
    echo
    exit
  fi
  dest=$(kept eglot-bookworm bookworm elpa-eglot '^(elpa-seq|emacs.*|dh-elpa-helper|install-info|lib.*|perl.*|dpkg|tar|zlib.*|gcc.*|debconf|.*-common|.*-data)$')
  found=$(echo "$dest"/usr/share/emacs/site-lisp/elpa-src/*)
  echo "${found// /:}"
  ;;
*) cannot "no such editor: $1" ;;
esac
