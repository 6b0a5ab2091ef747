#!/usr/bin/env python3
"""CPU a packet of `seine replay` beside the bare libpcap loop and four peers, on the same capture files, in one run.

Makes the files with bench-generate (the same bytes each time; kept in --captures for the next run) or takes those that
are named. Runs all programs in turn, on one core, N times after a round that does not count, so that a slow moment of
the machine meets all of them; checks that each saw every packet; prints tables in markdown."""
import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile

import measure
import peers

# Flows and packets of the files that are made.
SIZES = {"20k": ("20k", "3M"), "100k": ("100k", "3M"), "1M": ("1M", "10M"), "5M": ("5M", "30M")}
# What softflowd, nfpcapd and pmacctd understand: IP behind one VLAN tag at most.
PLAIN_IP = "ip or ip6 or (vlan and (ip or ip6))"
# From so many flows on, a table that holds them all is tried as well.
MANY_FLOWS = 1_000_000
HEADS = ("program", "CPU ns a packet", "of the loop", "of softflowd", "resident MB", "packets seen", "in its results")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="where the programs are: build/release/bin")
    parser.add_argument("file", nargs="*", help="capture files instead of the made ones")
    parser.add_argument("--sizes", default="20k,100k,1M,5M", help=f"which files to make: {', '.join(SIZES)}, storm "
                        "(default %(default)s)")
    parser.add_argument("--packets", help="packets of each made file, such as 3M (default: 3M to 30M by size)")
    parser.add_argument("--captures", default="/var/tmp/seine-bench", help="where made files are kept (default %(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="runs that count (default %(default)s)")
    parser.add_argument("--programs", help="only these, by their binary's names, such as seine,softflowd; the loop always")
    parser.add_argument("--flow-slots", type=int, help="seine once more with so many (default: twice the flows at 1 M and above)")
    parser.add_argument("--core", type=int, default=measure.last_core(), help="run on this core (default: the last one)")
    parser.add_argument("--limit", type=int, default=600, metavar="S", help="longest time of one run (default %(default)s)")
    return parser.parse_args()


def made_file(options, size):
    """The capture of that size and what is in it; made when it is not there."""
    storm = ["--storm", "1M"] if size == "storm" else []
    flows, packets = SIZES["20k" if storm else size]
    packets = options.packets or packets
    path = os.path.join(options.captures, f"{size}-{packets}.pcap")
    if not os.path.exists(path + ".json"):
        os.makedirs(options.captures, exist_ok=True)
        done = subprocess.run([f"{options.folder}/bench-generate", "--flows", flows, "--packets", packets, *storm, path],
                              check=True, stdout=subprocess.PIPE, text=True)
        with open(path + ".json", "w", encoding="ascii") as stream:
            stream.write(done.stdout)
    with open(path + ".json", encoding="ascii") as stream:
        return path, json.load(stream)


def captures(options):
    if options.file:
        return [(os.path.abspath(path), None) for path in options.file]
    return [made_file(options, size) for size in options.sizes.split(",")]


def chosen(options, facts):
    """The programs to run on one file, and notes on those that are not."""
    flows = facts["flows"] if facts else None
    found, missing = peers.on_files(options.folder, flows)
    notes = [f"{name} is not installed and was left out." for name in missing]
    if options.programs:
        wanted = options.programs.split(",")
        found = [one for one in found if one.program in wanted or one is found[0]]
    slots = options.flow_slots
    if slots is None and facts and facts["flows"] >= MANY_FLOWS:
        slots = 1 << (2 * facts["flows"] - 1).bit_length()
    at = next((i for i, one in enumerate(found) if isinstance(one, peers.Seine)), None)
    if slots and at is not None:
        large = peers.Seine(options.folder, flows, slots)
        if large.takes_slots():
            found.insert(at + 1, large)
        else:
            notes.append(f"`seine replay` has no --flow-slots in this build: a table of {slots} was not tried.")
    return found, notes


class Runs:
    """What was measured of one program on one file."""

    def __init__(self, program):
        self.program = program
        self.cpu_s, self.resident_kib, self.counts, self.failure = [], 0, (None, None), None

    def once(self, options, path, place, port, is_counted):
        if self.failure:
            return
        try:
            cpu_s, kib, text = measure.run(options.folder, self.program.command(path, place, port), place,
                                           options.core, options.limit, self.program.run_options)
            self.counts = self.program.counts(text, place)
        except (measure.Failed, OSError, ValueError, TypeError, KeyError) as failure:
            self.failure = f"{type(failure).__name__}: {failure}"
            return
        if is_counted:
            self.cpu_s.append(cpu_s)
            self.resident_kib = max(self.resident_kib, kib)


def warm(path):
    """Into the page cache before the first run."""
    with open(path, "rb", buffering=0) as stream:
        while stream.read(1 << 22):
            pass


def run_all(options, path, programs):
    """Round by round; each round begins with another program."""
    warm(path)
    runs = [Runs(program) for program in programs]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink, tempfile.TemporaryDirectory() as place:
        sink.bind(("127.0.0.1", 0))  # somebody listens; what is not read, the kernel drops
        for turn in range(options.runs + 1):
            start = turn % len(runs)
            for one in runs[start:] + runs[:start]:
                one.once(options, path, place, sink.getsockname()[1], turn > 0)
    return runs


def verdict(counts, packets, plain):
    """'all', or how many: a program that does not say what it read is held to the IP packets it can understand."""
    seen, counted = counts
    if seen is not None:
        return "all" if seen == packets else f"**{seen}**"
    if counted is None:
        return "**not told**"
    return "all plain IP" if counted >= plain else "**not told**"


def row(one, base, packets, plain):
    if one.failure or not one.cpu_s:
        return (one.program.name, "–", "–", "–", "–", f"**failed**: {(one.failure or 'no run')[:80]}", "–")
    ns = [cpu_s / packets * 1e9 for cpu_s in one.cpu_s]
    ratios = [f"{measure.ratio(one.cpu_s, other.cpu_s):.2f}" if other and len(other.cpu_s) == len(one.cpu_s) else "–"
              for other in base]
    counted = one.counts[1]
    share = "–" if counted is None else "all" if counted == packets else f"{100 * counted / packets:.2f} %"
    return (one.program.name, measure.median_text(ns), *ratios, f"{one.resident_kib / 1024:.0f}",
            verdict(one.counts, packets, plain), share)


def report(options, path, facts, runs, notes):
    """Prints one file's table; True when each program ran and saw all packets."""
    loop = runs[0]
    softflowd = next((one for one in runs if isinstance(one.program, peers.Softflowd)), None)
    packets = loop.counts[0]
    text = subprocess.run([f"{options.folder}/bench-pcap-loop", path, PLAIN_IP], capture_output=True, text=True, check=True)
    plain = int(text.stdout.split()[0])
    what = f"{measure.short(facts['flows'])} flows, " if facts else f"{os.path.basename(path)}, "
    storm = f" ({measure.short(facts['storm'])} of them new within 10 s)" if facts and facts["storm"] else ""
    print(f"\n### {what}{measure.short(packets)} packets{storm}\n")
    rows = [row(one, (loop, softflowd), packets, plain) for one in runs]
    print(measure.table(HEADS, rows))
    for note in notes:
        print(f"\n{note}")
    sys.stdout.flush()
    return all(not one.failure for one in runs) and not any("**" in cells[5] for cells in rows)


def heading(options, programs):
    print(f"{measure.machine()}.")
    versions = ", ".join(f"{one.program} {one.version()}" for one in programs if one.package)
    seine = next((one.version() for one in programs if isinstance(one, peers.Seine)), "–")
    print(f"seine {seine}; {versions}.")
    pinned = f"core {options.core}" if options.core is not None else "any core"
    print(f"Median of {options.runs} runs in turn on {pinned}, files in the page cache (least–greatest in brackets); "
          "ratios are medians of each turn's ratio.")


def main():
    options = arguments()
    options.folder = os.path.abspath(options.folder)
    heading(options, chosen(options, None)[0])
    is_good = True
    for path, facts in captures(options):
        programs, notes = chosen(options, facts)
        runs = run_all(options, path, programs)
        is_good = report(options, path, facts, runs, notes) and is_good
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
