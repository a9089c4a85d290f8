#!/usr/bin/env bash
# Runs every test project and prints, as its last line, "N passed, N failed" over all of them, and how many were skipped, if any was.
# The names of failed tests come before it. Exits non-zero if a test failed, a project could not be run, or none ran.
# The projects that need no API server run in parallel, one for each core; their output is printed when all have ended, in the order of their names.
# The end-to-end tests run after them, as many at a time as the machine supports. If at most three of them failed, these run once more, alone:
# a test that passes then counts as passed and is reported as FLAKY, because it has a race or does not wait for a condition. Tests of features
# that the API server lacks are skipped, and reported with the reason. A process of a test cluster that ended unexpectedly is reported as DAMAGED.
# usage: tests/run.sh CONFIGURATION [--without-end-to-end]     (also leaves out the tests of the chart, which need helm and promtool)
set -uo pipefail
cd "$(dirname "$0")/.."
configuration="${1:-Release}"
only_units=""
[ "${2:-}" != --without-end-to-end ] || only_units=yes
passed=0
failed=0
skipped=0
broken=0
failures=""

logs="$(mktemp -d)"
# Ends the projects that still run when this script is stopped. Each runs in a process group of its own.
end() {
    local group
    for group in $(jobs -rp); do kill -- "-$group" 2>/dev/null; done
    wait
    rm -rf "$logs"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

run_tests() {
    dotnet test "$@" -c "$configuration" --no-build 2>&1 | grep --line-buffered -vE '^(Test run for|A total of|VSTest version|$)'
}

number_of() { sed -E "s/.*$1: +([0-9]+).*/\1/" <<<"$summary"; }

# Reads the last summary of a log, and the names of failed tests.
read_log() {
    summary="$(grep -E '^(Passed|Failed)! +- ' "$1" | tail -n 1)"
    failed_names="$(sed -nE 's/^  Failed ([A-Za-z0-9_]+).*/\1/p' "$1" | sort -u)"
}

# Adds a project's results to the totals, without the failures that passed in the second run.
count() {
    local project="$1" log="$2" flaky="${3:-0}" failed_here
    read_log "$log"
    if [ -z "$summary" ]; then
        echo "run.sh: $project ended without running a test"
        broken=$((broken + 1))
        failures+="$project: ended without running a test"$'\n'
        return
    fi
    failed_here=$(($(number_of Failed) - flaky))
    passed=$((passed + $(number_of Passed) + flaky))
    skipped=$((skipped + $(number_of Skipped)))
    failed=$((failed + failed_here))
    [ "$failed_here" -eq 0 ] || failures+="$(sed -nE "s/^  Failed (.*)/$project: \1/p" "$log")"$'\n'
}

side_by_side() {
    local cores project
    cores="$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)"
    set -m
    for project in "$@"; do
        while [ "$(jobs -rp | wc -l)" -ge "$cores" ]; do wait -n; done
        run_tests "$project" >"$logs/$(basename "$project")" &
    done
    wait
    set +m
    for project in "$@"; do
        project="$(basename "$project")"
        echo "==> $project"
        cat "$logs/$project"
        count "$project" "$logs/$project"
    done
}

end_to_end() {
    local project=DeployGuard.EndToEnd first again flaky=0
    local log="$logs/$project"
    echo "==> $project"
    run_tests "tests/$project" | tee "$log"
    read_log "$log"
    first="$failed_names"
    if [ -n "$summary" ] && [ -n "$first" ] && [ "$(wc -l <<<"$first")" -le 3 ]; then
        again="$(number_of Failed)"
        echo "==> $project, once more and alone: ${first//$'\n'/, }"
        run_tests "tests/$project" --filter "Name~$(paste -sd '|' <<<"$first" | sed 's/|/|Name~/g')" | tee "$log.again"
        read_log "$log.again"
        if [[ "$summary" == Passed!* ]] && [ "$(number_of Passed)" -ge "$again" ]; then
            echo "run.sh: FLAKY, failed in parallel and passed alone: ${first//$'\n'/, }"
            flaky="$again"
        fi
    fi
    count "$project" "$log" "$flaky"
}

projects=()
for project in tests/*.Tests/*.csproj; do
    project="$(dirname "$project")"
    [ -n "$only_units" ] && [ "$project" = tests/DeployGuard.Chart.Tests ] || projects+=("$project")
done
side_by_side "${projects[@]}"
[ -n "$only_units" ] || end_to_end

status=0
if [ "$failed" -gt 0 ] || [ "$broken" -gt 0 ] || [ "$passed" -eq 0 ]; then status=1; fi
[ "$broken" -eq 0 ] || failed=$((failed + broken))
[ -z "$failures" ] || printf '==> failed\n%s' "$failures"
echo "$passed passed, $failed failed$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")"
exit "$status"
