#!/usr/bin/env bash
# Prints a file that is generated from the chart, or checks that the files in the repository are current.
# usage: tests/generated.sh install | flow-control | readme | check
set -euo pipefail
cd "$(dirname "$0")/.."
configuration="${CONFIGURATION:-Release}"
namespace=deployguard-system
helm="$(tests/DeployGuard.Rig/install.sh)/helm"

# Rendering uses no cluster, and helm's own API versions change with helm. So the versions are fixed here to those that every
# supported Kubernetes serves. Labels of helm are removed, because helm cannot upgrade this installation.
render() {
    "$helm" template deployguard charts/deployguard --namespace "$namespace" --skip-tests --set crds.keep=false "$@" |
        sed -e '/^# Source: /d' -e '/^ *helm\.sh\/chart: /d' -e '/^ *app\.kubernetes\.io\/managed-by: Helm$/d'
}

install() {
    cat <<END
# Made by make manifests from charts/deployguard. For other values use the chart, or an overlay on manifests/kustomization.yaml.
apiVersion: v1
kind: Namespace
metadata:
  name: $namespace
  labels:
    app.kubernetes.io/part-of: deployguard
    pod-security.kubernetes.io/enforce: restricted
END
    render --kube-version 1.28 --api-versions policy/v1 --set flowSchema.enabled=false --set prometheus.enabled=false
}

flow_control() {
    echo "# Made by make manifests from charts/deployguard. For Kubernetes 1.29 and later: install.yaml leaves it out, because 1.28 does not serve its API version."
    render --kube-version 1.29 --set flowSchema.enabled=true --show-only templates/flowschema.yaml --show-only templates/prioritylevelconfiguration.yaml
}

readme() { dotnet run --project tests/DeployGuard.Rig -c "$configuration" --no-build -- chart-readme charts/deployguard; }

same() {
    diff -u "$1" <(shift 2 && "$@") || { echo "$1 differs from the chart: run $2" >&2; return 1; }
}

case "${1:-}" in
install) install ;;
flow-control) flow_control ;;
readme) readme ;;
check)
    status=0
    same manifests/install.yaml "make manifests" install || status=1
    same manifests/flow-control.yaml "make manifests" flow_control || status=1
    same charts/deployguard/README.md "make docs" readme || status=1
    exit "$status"
    ;;
*)
    sed -n 2,3p "$0" >&2
    exit 2
    ;;
esac
