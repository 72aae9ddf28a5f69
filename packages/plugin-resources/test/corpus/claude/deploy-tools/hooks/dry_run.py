#!/usr/bin/env python3
"""Makes every deployment a rehearsal: adds --dry-run to `deploy` commands."""
import json
import sys

call = json.load(sys.stdin)
command = call.get("tool_input", {}).get("command", "")
if command.startswith("deploy ") and "--dry-run" not in command:
    changed = dict(call["tool_input"], command=command + " --dry-run")
    print(json.dumps({
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "allow",
            "permissionDecisionReason": "as a rehearsal",
            "updatedInput": changed,
        }
    }))
