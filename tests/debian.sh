# Packages of a Debian suite unpacked into a folder of their own, so that the host's stay as they are. To be sourced.
# shellcheck shell=bash

# cannot WHY: this machine cannot be provisioned.
cannot() {
  echo "cannot provision: $*" >&2
  exit 3
}

# fetch_debian SUITE FOLDER PACKAGE [LEFT_OUT]: the package, and all it depends on but what the pattern matches; apt checks the signatures.
fetch_debian() {
  local suite=$1 folder=$2 package=$3 left_out=${4:-^$} keys=/usr/share/keyrings/debian-archive-keyring.gpg mirror work=$2/.apt packages
  { command -v apt-get && command -v dpkg; } >&2 || cannot "needs Debian's apt-get and dpkg"
  [[ -f $keys ]] || cannot "needs Debian's archive keys ($keys)"
  mirror=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | grep -v snapshot | head -n 1 | tr -d ' ' || true)
  [[ -n $mirror ]] || cannot "apt's sources name no Debian mirror"
  mkdir -p "$work"/{lists/partial,cache/archives/partial,debs}
  echo "deb [signed-by=$keys] $mirror $suite main" >"$work/sources.list"
  : >"$work/status" # as if nothing were installed: apt names everything that is needed
  local apt=(
    apt-get -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache"
    -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none -o APT::Install-Recommends=0
  )
  "${apt[@]}" update >&2
  packages=$("${apt[@]}" -s install "$package" | sed -n 's/^Inst \([^ ]*\).*/\1/p' | grep -v -E "$left_out")
  # shellcheck disable=SC2086 # one word a package
  (cd "$work/debs" && "${apt[@]}" download $packages >&2)
  local deb
  for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$folder"; done
  rm -rf "$work" "$folder"/usr/share/{doc,locale,man}
}
