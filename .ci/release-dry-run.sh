#!/usr/bin/env bash
# Makes in artifacts/release what a release holds, all but the image: programs for both platforms, the chart, SBOMs, checksums; signs it with a
# key that is thrown away, and verifies that as a user would. docs/release.md is the recipe that this rehearses.
# usage: .ci/release-dry-run.sh        (with RELEASE_KEY=FILE, a PEM of ECDSA P-256, it signs with that instead)
set -euo pipefail
cd "$(dirname "$0")/.."
out=artifacts/release
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

say() { echo "==> $*"; }
fail() { echo "dry-run.sh: $*" >&2; exit 1; }

version="$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)"
for field in version appVersion; do
    chart="$(sed -n "s/^$field: *//p" charts/deployguard/Chart.yaml | tr -d '"')"
    [ "$chart" = "$version" ] || fail "charts/deployguard/Chart.yaml: $field is $chart, and Directory.Build.props says $version; a release has one version"
done
grep -q "^## $version" CHANGELOG.md || say "note: CHANGELOG.md has no section \"## $version\" yet; the checks of a tag ask for it"

rm -rf "$out"
mkdir -p "$out"

# Restores by the lock files, and stops where they do not fit.
export CI=true
for platform in linux-x64 linux-arm64; do
    say "programs for $platform"
    for project in Webhook Cli; do
        dotnet publish "src/DeployGuard.$project" -c Release -r "$platform" -o "$work/$platform/$project" -v quiet
    done
    cp "$work/$platform/Webhook/deployguard-webhook" "$work/$platform/Cli/deployguard" "$work/$platform/"
    # The same bytes for the same programs: no times, no owners, one order.
    tar --sort=name --mtime='1970-01-01 UTC' --owner=0 --group=0 --numeric-owner -C "$work/$platform" -czf "$out/deployguard-$version-$platform.tar.gz" deployguard deployguard-webhook
done

say "the chart"
helm="$(tests/DeployGuard.Rig/install.sh)/helm"
"$helm" package charts/deployguard --destination "$out" >/dev/null

say "SBOMs (CycloneDX)"
dotnet tool restore >/dev/null
for project in Webhook Cli; do
    dotnet dotnet-CycloneDX "src/DeployGuard.$project/DeployGuard.$project.csproj" --output "$out" --filename "deployguard-$(tr '[:upper:]' '[:lower:]' <<<"$project")-$version.cdx.json" \
        --output-format Json --disable-package-restore --set-version "$version" >"$work/sbom.log" 2>&1 || { cat "$work/sbom.log" >&2; fail "no SBOM of DeployGuard.$project"; }
done

say "checksums"
(cd "$out" && sha256sum -- * >"$work/SHA256SUMS" && mv "$work/SHA256SUMS" SHA256SUMS)

key="${RELEASE_KEY:-}"
if [ -z "$key" ]; then
    say "signing with a throw-away key"
    key="$work/release.key"
    openssl ecparam -name prime256v1 -genkey -noout -out "$key"
fi
openssl ec -in "$key" -pubout -out "$out/release.pub" 2>/dev/null
tree="$(git status --porcelain 2>/dev/null | grep -q . && echo altered || echo clean)"
cat >"$work/predicate.json" <<JSON
{"version": "$version", "commit": "$(git rev-parse HEAD 2>/dev/null || echo unknown)", "tree": "$tree", "sdk": "$(dotnet --version)"}
JSON
cli="$work/linux-x64/deployguard"
[ "$(uname -m)" = aarch64 ] && cli="$work/linux-arm64/deployguard"
mapfile -t made < <(find "$out" -type f ! -name release.pub | sort)
type=https://deployguard.io/release/v1
"$cli" sign --key "$key" --predicate "$work/predicate.json" --predicate-type "$type" --output "$out/release.dsse.json" "${made[@]}"

say "verifying, as a user would"
(cd "$out" && sha256sum --check --quiet SHA256SUMS)
"$cli" verify --key "$out/release.pub" --envelope "$out/release.dsse.json" --predicate-type "$type" "${made[@]}"
echo x >"$work/other"
if "$cli" verify --key "$out/release.pub" --envelope "$out/release.dsse.json" "$work/other" >/dev/null; then fail "a file that was never signed was verified"; fi

say "made in $out:"
(cd "$out" && du -h --apparent-size -- * | sed 's/^/    /')
echo "Not made here: the image, which needs an engine and a registry. docs/release.md has its commands."
