#!/usr/bin/env bash
# Makes in artifacts/release the command line for users' machines: an archive per platform with one file that needs no .NET. docs/release.md
# says what was tried of them.
# usage: .ci/release-cli.sh [PLATFORM...]        (all six by default)
set -euo pipefail
cd "$(dirname "$0")/.."
out=artifacts/release
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
version="$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)"
[ $# -gt 0 ] || set -- linux-x64 linux-arm64 osx-x64 osx-arm64 win-x64 win-arm64

mkdir -p "$out"
missing=()
for platform in "$@"; do
    echo "==> the command line for $platform"
    locked=(-p:RestoreLockedMode=true)
    # Not every feed has its packs, so the lock files leave it out (Directory.Build.props).
    [ "$platform" = win-arm64 ] && locked=(-p:RestoreLockedMode=false)
    if ! dotnet publish src/DeployGuard.Cli -c Release -r "$platform" --self-contained -p:ReleaseCli=true "${locked[@]}" \
        -o "$work/$platform" -v quiet >"$work/log" 2>&1; then
        # Only a pack that the feed does not have may be missing; any other error stops the release.
        grep -q 'error NU1101: Unable to find package Microsoft\.' "$work/log" || { cat "$work/log" >&2; exit 1; }
        missing+=("$platform")
        grep -o 'NU1101: Unable to find package [A-Za-z0-9.-]*' "$work/log" | sort -u | sed 's/^/    /'
        continue
    fi

    archive="deployguard-cli-$version-$platform"
    rm -f "$out/$archive".*
    case "$platform" in
    win-*)
        mv "$work/$platform/deployguard.exe" "$work/$platform/kubectl-deployguard.exe"
        (cd "$work/$platform" && TZ=UTC touch -d '1980-01-01' kubectl-deployguard.exe && zip -q -X "$work/$archive.zip" kubectl-deployguard.exe)
        mv "$work/$archive.zip" "$out/"
        ;;
    *)
        mv "$work/$platform/deployguard" "$work/$platform/kubectl-deployguard"
        # The same bytes for the same program: no times, no owners.
        tar --sort=name --mtime='1970-01-01 UTC' --owner=0 --group=0 --numeric-owner -C "$work/$platform" -czf "$out/$archive.tar.gz" kubectl-deployguard
        ;;
    esac
done

(cd "$out" && sha256sum -- deployguard-cli-* >"$work/SHA256SUMS.cli" && mv "$work/SHA256SUMS.cli" SHA256SUMS.cli)
echo "==> made in $out:"
(cd "$out" && du -h --apparent-size -- deployguard-cli-* | sed 's/^/    /')
[ ${#missing[@]} -eq 0 ] || echo "NOT MADE: ${missing[*]}: the package feed does not have the packages above"
