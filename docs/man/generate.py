#!/usr/bin/env python3
"""Writes the keys that the programs know into their manual pages, between the markers.
usage: generate.py FOLDER-OF-PROGRAMS [--check]   (--check: exit 1 when a page is not what it would be)"""
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
BEGIN, END = '.\\" keys: begin\n', '.\\" keys: end\n'


def main():
    folder, stale = pathlib.Path(sys.argv[1]), []
    for name in ("seine-sensor", "seine-collector"):
        page = HERE / f"{name}.8"
        keys = subprocess.run([folder / name, "--print-man-keys"], capture_output=True, text=True, check=True).stdout
        text = page.read_text()
        fresh = re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: BEGIN + keys + END, text, flags=re.S)
        if fresh != text:
            stale.append(name)
            if "--check" not in sys.argv:
                page.write_text(fresh)
    print("manual pages: " + (", ".join(stale) + (" are stale" if "--check" in sys.argv else " written") if stale else "as they should be"))
    return 1 if stale and "--check" in sys.argv else 0


sys.exit(main())
