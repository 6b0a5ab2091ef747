#!/usr/bin/env python3
"""The layer law (docs/ARCHITECTURE.md): which folder may include which, which library has which home,
and that nothing includes itself in a circle. Exit code 1 names every breach."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
WINGS = ("sensor", "collector", "cli")
MAY = {"common": {"common"}, "proto": {"common", "proto"}}
MAY.update({wing: {"common", "proto", wing} for wing in WINGS})
# `seine replay` stands on both wings by these headers.
REPLAY = {"sensor/meter.h", "sensor/capture.h", "sensor/decode.h", "collector/pipeline.h"}
REPLAY_FILES = re.compile(r"^cli/replay(_\w+)?\.[ch]$")
# A library's header -> the files that may include it.
HOMES = {
    r"pcap": r"sensor/capture\w*\.c",
    r"zmq": r"common/(bus|key)\w*\.[ch]",
    r"event2/": r"common/run/loop\.c|collector/api\.c",
    r"curl/": r"collector/notify_http\.c|cli/conn\.c",
    r"sqlite3": r"collector/store/\w+\.[ch]",
    r"yaml\.h": r"common/conf\w*\.[ch]",
    r"jansson": r"common/json\.h",
    r"xxhash": r"common/hash\.[ch]",
    r"libmnl/": r"sensor/interfaces\.c",
    r"systemd/|cap-ng": r"common/run/daemon\.c",
    r"zlib": r"sensor/capture_gzip\.c",
    r"zstd": r"sensor/capture_zstd\.c",
    r"openssl/": r"collector/notify\w*\.c",
    r"protobuf-c|\w+\.pb-c\.h": r"proto/\w+\.[ch]",
    r"argp": r"(sensor|collector)/options\.c|cli/\w+\.[ch]",
}
# The pure halves know no clock, file, socket or loop.
PURE = re.compile(
    r"^(sensor/(decode\w*|flow\w*|window\w*|meter)\.[ch]"
    r"|collector/(settings\w*|intake|hosts\w*|fleet\w*|alerts|ranking\w*|render\w*|pipeline)\.[ch]"
    r"|collector/detect/\w+\.[ch])$")
IMPURE_CALLS = re.compile(
    r"\b(clock_now_ns|clock_monotonic_ns|clock_gettime|time\s*\(\s*NULL|gettimeofday|fopen|open\s*\(|socket\s*\(|log_\w+\s*\()")
PURE_EXCEPT = {"collector/settings.c": "conf_load reads the file for it"}


def strip_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.S)


def check_own(path, included, breaches):
    wing = path.split("/")[0]
    target = included.split("/")[0]
    if target in MAY[wing]:
        return
    if REPLAY_FILES.match(path) and included in REPLAY:
        return
    breaches.append(f"{path}: includes {included}: {wing}/ may include {', '.join(sorted(MAY[wing]))} only")


def check_home(path, included, breaches):
    for library, home in HOMES.items():
        if re.match(library, included) and not re.fullmatch(home, path):
            breaches.append(f"{path}: includes {included}: its home is {home}")


def check_file(path, edges, breaches):
    text = strip_comments((ROOT / path).read_text())
    includes = re.findall(r'^\s*#\s*include\s+(["<])([^">]+)[">]', text, re.M)
    for kind, included in includes:
        if kind == '"' and included.split("/")[0] in MAY:
            check_own(path, included, breaches)
            edges.setdefault(path, set()).add(included)
        else:
            check_home(path, included, breaches)
            if PURE.match(path) and re.match(r"event2|zmq|pcap|curl|sqlite3|sys/socket", included):
                breaches.append(f"{path}: pure, but includes {included}")
    own = path[:-2] + ".h"
    if path.endswith(".c") and (ROOT / own).exists() and includes and includes[0][1] != own:
        breaches.append(f"{path}: its own header {own} must be included first")
    if PURE.match(path) and path not in PURE_EXCEPT:
        for call in IMPURE_CALLS.finditer(text):
            line = text.count("\n", 0, call.start()) + 1
            breaches.append(f"{path}:{line}: pure, but calls {call.group(1)}")


def circles(edges):
    state, found = {}, []

    def visit(node, trail):
        if state.get(node) == 2:
            return
        if state.get(node) == 1:
            found.append(" -> ".join(trail[trail.index(node):] + [node]))
            return
        state[node] = 1
        for target in sorted(edges.get(node, ())):
            visit(target, trail + [node])
        state[node] = 2

    for node in sorted(edges):
        visit(node, [])
    return found


def main():
    breaches, edges, count = [], {}, 0
    for wing in MAY:
        for path in sorted((ROOT / wing).rglob("*.[ch]")):
            check_file(str(path.relative_to(ROOT)), edges, breaches)
            count += 1
    breaches += [f"circle: {circle}" for circle in circles(edges)]
    for breach in breaches:
        print(breach, file=sys.stderr)
    print(f"layers: {count} files, {len(breaches)} breaches")
    return 1 if breaches or count == 0 else 0


sys.exit(main())
