#!/usr/bin/env bash
# Blocks commands that delete from the root, and asks about force pushes. Reads the call as JSON on stdin.
set -euo pipefail
input=$(cat)
command=$(python3 -c 'import json,sys; print(json.load(sys.stdin).get("tool_input", {}).get("command", ""))' <<<"$input")
if [[ $command =~ rm[[:space:]]+-[a-zA-Z]*r[a-zA-Z]*[[:space:]]+/ ]]; then
  echo "deploy-tools: nothing is deleted from the root" >&2
  exit 2
fi
if [[ $command == *"git push"*"--force"* ]]; then
  cat <<'JSON'
{"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "ask", "permissionDecisionReason": "a force push rewrites what others have"}}
JSON
fi
