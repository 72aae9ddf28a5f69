#!/usr/bin/env bash
# Notes every written file where the plugin keeps its data.
set -euo pipefail
mkdir -p "$CLAUDE_PLUGIN_DATA"
python3 -c 'import json,sys; call=json.load(sys.stdin); print(call["tool_name"], call["tool_input"].get("file_path", ""))' \
  >>"$CLAUDE_PLUGIN_DATA/written.txt"
