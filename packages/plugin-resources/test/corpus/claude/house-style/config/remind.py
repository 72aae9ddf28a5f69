#!/usr/bin/env python3
"""Reminds the model of the style whenever somebody asks for a text. Plain text on stdout is context."""
import json
import sys

if "write" in json.load(sys.stdin).get("prompt", "").lower():
    print("Write short sentences.")
