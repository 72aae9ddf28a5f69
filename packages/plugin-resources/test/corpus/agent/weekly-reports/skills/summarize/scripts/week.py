#!/usr/bin/env python3
"""Prints the subjects of a week of commits."""
import subprocess

print(subprocess.run(["git", "log", "--since=1.week", "--format=%s"], capture_output=True, text=True).stdout, end="")
