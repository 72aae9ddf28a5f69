#!/usr/bin/env python3
"""Prints the names of the fields of a PDF, as far as they are written in the clear."""
import re
import sys

print("\n".join(name.decode("latin-1") for name in re.findall(rb"/T\s*\(([^)]*)\)", open(sys.argv[1], "rb").read())))
