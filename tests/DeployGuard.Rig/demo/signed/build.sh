#!/bin/sh
# Stands for a forge and its build: a commit on main, and an image of it in the registry. Leaves the image and both commits in files.
# build.sh REGISTRY AUTHOR MESSAGE
set -eu
registry=$1 author=$2 message=$3
images="http://$registry/v2/acme/checkout"

[ -d checkout ] || git init --quiet --initial-branch=main checkout
git -C checkout rev-parse --quiet --verify HEAD > base || printf '%040d\n' 0 > base
git -C checkout -c "user.name=$author" -c "user.email=$author@example.com" -c commit.gpgsign=false commit --quiet --allow-empty -m "$message"
git -C checkout rev-parse HEAD > head

digest() { printf 'sha256:%s' "$(printf '%s' "$1" | sha256sum | cut -d ' ' -f 1)"; }
config=$(printf '{"os": "linux", "config": {"Labels": {"org.opencontainers.image.revision": "%s"}}}' "$(cat head)")
manifest=$(
  printf '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [], "config": '
  printf '{"mediaType": "application/vnd.oci.image.config.v1+json", "size": %d, "digest": "%s"}}' "${#config}" "$(digest "$config")"
)
upload=$(curl -fsS -X POST -D - -o upload "$images/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
curl -fsS -X PUT -H 'Content-Type: application/octet-stream' --data-binary "$config" "$upload&digest=$(digest "$config")"
curl -fsS -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary "$manifest" "$images/manifests/$(digest "$manifest")"
echo "$registry/acme/checkout@$(digest "$manifest")" > image
git -C checkout log --format='%h %an: %s' -1
