#!/usr/bin/env python3
"""Each configuration key, option and command stands in its manual page, and each detector in
docs/DETECTORS.md. usage: man_keys.py FOLDER-OF-PROGRAMS"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout


def page(name):
    path = ROOT / "docs/man" / name
    return path.read_text().replace("\\-", "-") if path.exists() else ""


def need(wrong, text, what, where):
    if not re.search(r"(?<![\w.])" + re.escape(what) + r"(?![\w])", text):
        wrong.append(f"{where}: lacks {what}")


def keys(program):
    return re.findall(r"^\.It (?:Cm|Ic|Va|Li) ([\w.]+)", run(program, "--print-man-keys"), re.M)


def options(program):
    return sorted(set(re.findall(r"--([a-z][a-z-]+)", run(program, "--help"))))


def main():
    folder, wrong, count = pathlib.Path(sys.argv[1]), [], 0
    for name in ("seine-sensor", "seine-collector"):
        program = str(folder / name)
        text = page(name + ".8")
        found = keys(program)
        if not found:
            wrong.append(f"{name}: --print-man-keys printed no key")
        for key in found + [o for o in options(program)]:
            need(wrong, text, key, f"docs/man/{name}.8")
            count += 1
    text = page("seine.1")
    for option in options(str(folder / "seine")):
        need(wrong, text, option, "docs/man/seine.1")
        count += 1
    detectors = re.findall(r"^extern const struct detector detect_(\w+);",
                           (ROOT / "collector/detect/detect.h").read_text(), re.M)
    text = (ROOT / "docs/DETECTORS.md").read_text() if (ROOT / "docs/DETECTORS.md").exists() else ""
    for detector in detectors:
        need(wrong, text, detector, "docs/DETECTORS.md")
        count += 1
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    print(f"man keys: {count} names, {len(wrong)} missing")
    return 1 if wrong or count == 0 else 0


sys.exit(main())
