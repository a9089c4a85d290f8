# What the scripts that install programs share. They source it.

cache="${DEPLOYGUARD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/deployguard}"

say() { printf '\033[36m==>\033[0m %s\n' "$*" >&2; }
fail() { printf 'install: %s\n' "$*" >&2; exit 1; }
# One installation at a time: the demo and the tests may be started in parallel.
one_at_a_time() {
    mkdir -p "$cache"
    exec 9>"$cache/install.lock"
    flock -n 9 || { say "another installation is running, waiting for it"; flock 9; }
}

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

apt_missing() {
    local missing=()
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    printf '%s ' "${missing[@]:-}"
}

apt_install() {
    local missing
    read -r -a missing <<<"$(apt_missing "$@")"
    [ "${#missing[@]}" -eq 0 ] && return
    command -v apt-get >/dev/null || fail "these programs are missing and there is no apt-get to install them: ${missing[*]}"
    say "installing Debian packages: ${missing[*]}"
    as_root apt-get update -qq >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}
