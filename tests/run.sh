#!/usr/bin/env bash
# Runs every test project and prints, as its last line, "N passed, N failed" over all of them, and how many were skipped, if any was.
# Before it come the names of what failed. Exits non-zero if a test failed, a project could not be run, or none ran.
# The end-to-end tests run as many at a time as the machine carries. At most three of them that failed are run once more, alone: what passes then
# counts as passed and is told as FLAKY, since it points to a test that does not wait for what it needs, or to a race. What the API server cannot have is
# skipped, and told by name with the reason; so is every program of a world that ended by itself (DAMAGED).
# usage: tests/run.sh CONFIGURATION [--without-end-to-end]
set -uo pipefail
cd "$(dirname "$0")/.."
configuration="${1:-Release}"
passed=0
failed=0
skipped=0
broken=0
failures=""

log="$(mktemp)"
trap 'rm -f "$log"' EXIT

run_tests() {
    dotnet test "$@" -c "$configuration" --no-build 2>&1 | tee "$log" | grep -vE '^(Test run for|A total of|VSTest version|$)'
    summary="$(grep -E '^(Passed|Failed)! +- ' "$log" | tail -n 1)"
}

number_of() { sed -E "s/.*$1: +([0-9]+).*/\1/" <<<"$summary"; }

run_project() {
    local project="$1" may_be_flaky="${2:-}" failed_here passed_here again
    echo "==> $(basename "$project")"
    run_tests "$project"
    if [ -z "$summary" ]; then
        echo "run.sh: $(basename "$project") ended without running a test"
        broken=$((broken + 1))
        failures+="$(basename "$project"): ended without running a test"$'\n'
        return
    fi
    passed_here="$(number_of Passed)"
    skipped=$((skipped + $(number_of Skipped)))
    failed_here="$(number_of Failed)"
    again="$(sed -nE 's/^  Failed ([A-Za-z0-9_]+).*/\1/p' "$log" | sort -u)"
    if [ -n "$may_be_flaky" ] && [ -n "$again" ] && [ "$(wc -l <<<"$again")" -le 3 ]; then
        echo "==> $(basename "$project"), once more and alone: ${again//$'\n'/, }"
        run_tests "$project" --filter "Name~$(paste -sd '|' <<<"$again" | sed 's/|/|Name~/g')"
        if [[ "$summary" == Passed!* ]] && [ "$(number_of Passed)" -ge "$failed_here" ]; then
            echo "run.sh: FLAKY, failed beside others and passed alone: ${again//$'\n'/, }"
            passed_here=$((passed_here + failed_here))
            failed_here=0
        fi
    fi
    passed=$((passed + passed_here))
    failed=$((failed + failed_here))
    [ "$failed_here" -eq 0 ] || failures+="$(sed -nE "s/^  Failed (.*)/$(basename "$project"): \1/p" "$log")"$'\n'
}

for project in tests/*.Tests; do run_project "$project"; done

if [ "${2:-}" != --without-end-to-end ]; then
    bin="$(tests/DeployGuard.Rig/install.sh)" || exit 1
    for rules in charts/deployguard/tests/*_test.yaml manifests/monitoring/*_test.yaml; do
        [ -e "$rules" ] || continue
        echo "==> promtool test rules $rules"
        if "$bin/promtool" test rules "$rules"; then passed=$((passed + 1)); else failed=$((failed + 1)); failures+="promtool: $rules"$'\n'; fi
    done
    run_project tests/DeployGuard.EndToEnd may-be-flaky
fi

status=0
if [ "$failed" -gt 0 ] || [ "$broken" -gt 0 ] || [ "$passed" -eq 0 ]; then status=1; fi
[ "$broken" -eq 0 ] || failed=$((failed + broken))
[ -z "$failures" ] || printf '==> failed\n%s' "$failures"
echo "$passed passed, $failed failed$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")"
exit "$status"
