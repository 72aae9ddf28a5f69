#!/usr/bin/env bash
# Says whether a service may be deployed from this tree.
set -euo pipefail
service=${1:?usage: check.sh <service>}
if [[ -n $(git status --porcelain 2>/dev/null) ]]; then
  echo "$service: the work tree has changes" >&2
  exit 1
fi
echo "$service: ready"
