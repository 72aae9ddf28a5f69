#!/usr/bin/env bash
set -euo pipefail
git for-each-ref --sort=committerdate --format='%(committerdate:short) %(refname:short)' refs/heads
