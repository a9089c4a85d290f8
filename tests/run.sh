#!/usr/bin/env bash
# Runs every test project and prints, as its last line, "N passed, N failed" over all of them.
# Exits non-zero if a test failed, a project could not be run, or none ran.
# usage: tests/run.sh CONFIGURATION [--without-end-to-end]
set -uo pipefail
cd "$(dirname "$0")/.."
configuration="${1:-Release}"
passed=0
failed=0
broken=0

log="$(mktemp)"
trap 'rm -f "$log"' EXIT

run_project() {
    local project="$1"
    echo "==> $(basename "$project")"
    dotnet test "$project" -c "$configuration" --no-build 2>&1 | tee "$log" | grep -vE '^(Test run for|A total of|VSTest version|$)'
    local summary
    summary="$(grep -E '^(Passed|Failed)! +- ' "$log" | tail -n 1)"
    if [ -z "$summary" ]; then
        echo "run.sh: $(basename "$project") ended without running a test"
        broken=$((broken + 1))
        return
    fi
    passed=$((passed + $(sed -E 's/.*Passed: +([0-9]+).*/\1/' <<<"$summary")))
    failed=$((failed + $(sed -E 's/.*Failed: +([0-9]+).*/\1/' <<<"$summary")))
}

for project in tests/*.Tests; do run_project "$project"; done

if [ "${2:-}" != --without-end-to-end ]; then
    bin="$(tests/DeployGuard.Rig/install.sh)" || exit 1
    for rules in charts/deployguard/tests/*_test.yaml manifests/monitoring/*_test.yaml; do
        [ -e "$rules" ] || continue
        echo "==> promtool test rules $rules"
        if "$bin/promtool" test rules "$rules"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    done
    run_project tests/DeployGuard.EndToEnd
fi

status=0
if [ "$failed" -gt 0 ] || [ "$broken" -gt 0 ] || [ "$passed" -eq 0 ]; then status=1; fi
[ "$broken" -eq 0 ] || failed=$((failed + broken))
echo "$passed passed, $failed failed"
exit "$status"
