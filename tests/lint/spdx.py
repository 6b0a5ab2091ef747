#!/usr/bin/env python3
"""Every C file opens with the SPDX line and a comment that says what it is for."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("common", "proto", "sensor", "collector", "cli", "tests", "bench")


def main():
    wrong = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            lines = path.read_text().split("\n")
            if lines[0] != "/* SPDX-License-Identifier: Apache-2.0 */":
                wrong.append(f"{path.relative_to(ROOT)}:1: expected the SPDX line")
            elif not lines[1].startswith("/* ") or "To be written" in lines[1]:
                wrong.append(f"{path.relative_to(ROOT)}:2: expected a comment that says what the file is for")
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong else 0


sys.exit(main())
