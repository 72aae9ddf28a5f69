#!/usr/bin/env python3
"""Sends the model back once when it stops without having said that it checked."""
import json
import sys

stop = json.load(sys.stdin)
if not stop.get("stop_hook_active") and "checked" not in (stop.get("last_assistant_message") or "checked"):
    print(json.dumps({"decision": "block", "reason": "Say what you have checked."}))
