#!/bin/sh
# Stands for the reviews that a forge answers with: a person with the id 2002 approved the newest commit.
set -eu
printf '{"approvals": [{"approver": "github:2002", "kind": "human", "state": "approved", "commit": "%s", "at": "%s"}]}\n' \
  "$(cat head)" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
