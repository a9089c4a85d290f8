#!/usr/bin/env bash
# Runs the publish command of the Dockerfile without Docker, on the files that .dockerignore includes, for each architecture.
# It does not check the base images.
# usage: tests/image.sh [amd64] [arm64]
set -euo pipefail
cd "$(dirname "$0")/.."
dockerfile=src/DeployGuard.Webhook/Dockerfile
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# The machine field of an ELF header, as od prints it.
declare -A machine=([amd64]=003e [arm64]=00b7)

mkdir "$work/source"
sed -n 's/^!//p' .dockerignore | while read -r path; do cp -r "$path" "$work/source/"; done
find "$work/source" -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
command="$(sed -n '/^RUN /,/[^\\]$/p' "$dockerfile" | sed 's/^RUN //')"
[ -n "$command" ] || { echo "image.sh: no RUN in $dockerfile" >&2; exit 1; }

[ $# -gt 0 ] || set -- amd64 arm64
for arch in "$@"; do
    echo "==> $dockerfile for $arch"
    out="$work/$arch"
    (cd "$work/source" && env CI=true TARGETARCH="$arch" bash -euc "${command//\/out/$out}")
    found="$(od -An -tx2 -j18 -N2 "$out/deployguard-webhook" | tr -d ' ')"
    [ "$found" = "${machine[$arch]:-none}" ] || { echo "image.sh: built for machine $found, not for $arch" >&2; exit 1; }
done
