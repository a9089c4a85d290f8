#!/usr/bin/env bash
# Installs the tools with which users sign images and push statements: cosign 2 and 3, oras and skopeo. The tests of signed evidence run
# them. Safe to run again: installed programs are kept, in DEPLOYGUARD_CACHE as install.sh does.
#
# skopeo is a package of this machine's release. The others are in newer releases of Debian and need libc alone, so that their
# packages are unpacked and not installed.
#
# Prints, as its last line on standard output, the folder that holds cosign-2, cosign-3, oras and skopeo.
set -euo pipefail

. "${BASH_SOURCE[0]%/*}/shared.sh"
one_at_a_time
bin="$cache/signing"
mkdir -p "$bin"

# Where this machine gets Debian's packages from, in either of apt's two formats.
debian_mirror() {
    { grep -rhsE --include='*.list' --include='*.sources' '^(URIs:|deb )' /etc/apt || true; } |
        { grep -oE '[a-z]+://[^ ]*debian[^ ]*' || true; } | { grep -v security || true; } | sed -n 1p
}

# The source list is ours alone, so that the machine's own lists stay as they are. apt checks the packages by Debian's signatures.
fetch() {
    local work mirror program
    mirror="$(debian_mirror)"
    [ -n "$mirror" ] || fail "cosign and oras are taken from Debian's packages, and apt on this machine has no source of Debian"
    work="$(mktemp -d "$cache/signing.XXXXXX")"
    mkdir -p "$work/lists/partial" "$work/sources.d"
    printf 'deb %s %s main\n' "$mirror" trixie "$mirror" forky >"$work/sources.d/newer.list"
    local apt=(apt-get -o "Dir::Etc::SourceList=/dev/null" -o "Dir::Etc::SourceParts=$work/sources.d" -o "Dir::State::Lists=$work/lists"
        -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache=" -o "APT::Sandbox::User=root" -o "APT::Default-Release="
        -o "Acquire::Languages=none")
    say "fetching cosign 2, cosign 3 and oras (Debian packages of trixie and forky)"
    "${apt[@]}" update -qq >&2
    for program in cosign-2:cosign/trixie cosign-3:cosign/forky oras:oras/forky; do
        unpack "${program%%:*}" "${program#*:}"
    done
    rm -rf "$work"
}

# Copied aside and renamed, so that a half-finished copy never looks finished.
unpack() {
    local program="$1" package="${2%/*}"
    mkdir "$work/$program"
    (cd "$work/$program" && "${apt[@]}" download -qq "$2" >&2)
    dpkg-deb --extract "$work/$program"/*.deb "$work/$program/files"
    install -m 755 "$work/$program/files/usr/bin/$package" "$bin/.$program.new"
    mv "$bin/.$program.new" "$bin/$program"
}

apt_install skopeo
ln -sf "$(command -v skopeo)" "$bin/skopeo"
if [ ! -x "$bin/cosign-2" ] || [ ! -x "$bin/cosign-3" ] || [ ! -x "$bin/oras" ]; then fetch; fi
echo "$bin"
