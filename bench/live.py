#!/usr/bin/env python3
"""What capturing live costs: `seine-sensor` beside the bare libpcap loop and four peers on a veth pair. Needs root.

Each program in turn captures on one end, on a core of its own, while bench-send sends at one rate on the other. Prints
a table in markdown: CPU at that rate and when idle, packets lost, resident memory. With --sustained it looks instead
for the highest rate without loss, and what bursts cost, of the loop and the sensor. All that it makes it removes."""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time

import live_programs
import measure
from live_net import TARGET, Net

# What one packet socket sends for sure; more is reached by mirroring each frame, which costs a fraction of sending it.
SOCKET_RATE, MIRRORED_RATE, MIRRORS_MAX = 300_000, 100_000, 20
STEPS = (250_000, 500_000, 750_000, 1_000_000, 1_250_000, 1_500_000, 1_750_000, 2_000_000, 2_500_000)
BURST_RATE, BURST_MS = 2_000_000, 100


def arguments():
    cores = sorted(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="where the programs are: build/release/bin")
    parser.add_argument("--rate", type=int, default=100_000, help="packets a second (default %(default)s)")
    parser.add_argument("--size", type=int, default=128, help="bytes of a frame (default %(default)s)")
    parser.add_argument("--flows", type=int, default=20_000, help="flows that are sent in turn (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=15, help="measured time of each run (default %(default)s)")
    parser.add_argument("--idle", type=float, default=30, help="seconds without traffic before; 0: none (default %(default)s)")
    parser.add_argument("--runs", type=int, default=1, help="rounds, the programs in turn (default %(default)s)")
    parser.add_argument("--programs", default=",".join(live_programs.ALL), help="which ones (default %(default)s)")
    parser.add_argument("--sustained", action="store_true", help="look for the highest rate without loss")
    parser.add_argument("--nice", type=int, default=0, help="of programs and sender: -15 keeps other work on the machine out of "
                        "the way (default 0)")
    parser.add_argument("--core", type=int, default=cores[-1], help="core of the programs (default: the last one)")
    parser.add_argument("--send-core", type=int, default=cores[0], help="core of the sender (default: the first one)")
    return parser.parse_args()


class Sample:
    """One run of one program. offered: packets that reached the interface; lost: of those, not seen."""

    def __init__(self):
        self.busy_percent = self.idle_percent = None
        self.offered = self.offered_rate = 0
        self.seen = self.dropped = self.lost = None
        self.resident_bytes = 0


def percent_while(process, seconds):
    """CPU of one core that the process and its children take in the next seconds."""
    cpu_s, start = process.cpu_s(), time.monotonic()
    time.sleep(seconds)
    return 100 * (process.cpu_s() - cpu_s) / (time.monotonic() - start)


def send(options, net, place, rate, seconds, burst_ms=1000):
    """Starts the sender; at rates beyond one socket each frame is mirrored."""
    times = 1 if rate <= SOCKET_RATE else min(MIRRORS_MAX, math.ceil(rate / MIRRORED_RATE))
    device = net.mirror(times)
    words = [f"{options.folder}/bench-send", "--rate", str(rate / times), "--seconds", str(seconds), "--size", str(options.size),
             "--flows", str(options.flows), "--burst", str(burst_ms), "--to", TARGET, device]
    return net.start(words, net.sender, f"{place}/send.log", options.send_core)


def settle(net):
    """Until nothing arrives any more and the ring's last block has been handed on."""
    last = -1
    while net.offered() != last:
        last = net.offered()
        time.sleep(0.5)
    time.sleep(1)
    return last


def take_sample(options, net, program, place, rate, seconds, burst_ms=1000):
    """The program is there already; measures it idle and busy, and ends it."""
    sample = Sample()
    if options.idle > 0 and not options.sustained:
        time.sleep(2)
        sample.idle_percent = percent_while(program.process, options.idle)
    before = net.offered()
    sender = send(options, net, place, rate, seconds + 1, burst_ms)
    time.sleep(0.5)
    sample.busy_percent = percent_while(program.process, seconds)
    sample.resident_bytes = program.process.resident_bytes()
    sender.child.wait(seconds + 30)
    sample.offered = settle(net) - before
    sample.offered_rate = sample.offered / json.loads(sender.text())["seconds"] * 1000 / burst_ms
    sample.seen, sample.dropped = program.result(sample.offered)
    if sample.seen is not None:
        sample.lost = max(0, sample.offered - sample.seen)
    return sample


def one_run(options, net, name, rate, seconds, burst_ms=1000):
    """A program from start to end. RuntimeError, TimeoutError: it did not do what it should."""
    with tempfile.TemporaryDirectory(prefix="seine-bench-") as place:
        program = live_programs.ALL[name](options.folder, net, place, options.core)
        try:
            program.start()
            return take_sample(options, net, program, place, rate, seconds, burst_ms)
        finally:
            if program.process:
                program.stop()


def percent(values):
    known = [value for value in values if value is not None]
    return f"{statistics.median(known):.1f} %" if known else "–"


def lost_text(samples):
    """Sum over all runs, as a number and a share."""
    if any(sample.lost is None for sample in samples):
        return "not told"
    lost, offered = (sum(getattr(sample, which) for sample in samples) for which in ("lost", "offered"))
    return f"{lost} ({100 * lost / offered:.2f} %)" if lost else "0"


def told_text(samples):
    return "–" if any(sample.dropped is None for sample in samples) else str(sum(sample.dropped for sample in samples))


def steady(options, net, names):
    """The table at one rate; True when every program ran."""
    samples, failures = {name: [] for name in names}, {}
    for turn in range(options.runs):
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            try:
                samples[name].append(one_run(options, net, name, options.rate, options.seconds))
            except (RuntimeError, TimeoutError, ValueError, OSError, TypeError, subprocess.SubprocessError) as failure:
                failures[name] = f"{type(failure).__name__}: {failure}"
    rows = []
    for name in names:
        if not samples[name]:
            rows.append((name, "**failed**", "–", "–", "–", "–"))
            continue
        taken = samples[name]
        rows.append((label(options, net, name), percent([sample.busy_percent for sample in taken]),
                     percent([sample.idle_percent for sample in taken]), lost_text(taken), told_text(taken),
                     f"{max(sample.resident_bytes for sample in taken) / 2**20:.0f}"))
    offered = statistics.median([sample.offered_rate for taken in samples.values() for sample in taken] or [0])
    print(f"\n### Live, {offered:,.0f} packets a second of {options.size} bytes, {measure.short(options.flows)} flows\n")
    heads = ("program", "CPU of a core", "idle", "packets not seen", "lost by its own count", "resident MB")
    print(measure.table(heads, rows))
    for name, failure in failures.items():
        print(f"\n{name}: {failure}")
    return not failures


def label(options, net, name):
    return live_programs.ALL[name](options.folder, net, None, options.core).name


def highest(options, net, name):
    """Steps upwards; a step that lost is tried once more before it counts. Ends when two steps in turn have offered
    no more than was offered before: that is the sender's own limit. Returns (best, first that lost)."""
    best, no_more = None, 0
    for rate in STEPS:
        for _ in range(2):
            sample = one_run(options, net, name, rate, options.seconds)
            print(f"- {name}: {rate:,} packets/s wanted, {sample.offered_rate:,.0f} offered, {lost_text([sample])} lost, "
                  f"{sample.busy_percent:.0f} % of a core", file=sys.stderr, flush=True)
            if sample.lost == 0:
                break
        if sample.lost != 0:
            return best, sample
        no_more = no_more + 1 if best and sample.offered_rate < 1.03 * best.offered_rate else 0
        best = max(best or sample, sample, key=lambda one: one.offered_rate)
        if no_more == 2:
            break
    return best, None


def sustained(options, net, names):
    rows = []
    for name in names:
        best, lossy = highest(options, net, name)
        burst = one_run(options, net, name, BURST_RATE, options.seconds, BURST_MS)
        none_lost = f"{best.offered_rate:,.0f}" if best else "–"
        first = f"{lossy.offered_rate:,.0f}: {lost_text([lossy])}" if lossy else "none: the sender makes no more"
        rows.append((label(options, net, name), none_lost, f"{best.busy_percent:.0f} %" if best else "–", first,
                     f"{burst.offered_rate:,.0f}", lost_text([burst])))
    print(f"\n### Live, the highest rate without loss, {options.size} bytes, {options.seconds:g} s a step\n")
    heads = ("program", "packets a second without loss", "CPU there", "the next step and its loss",
             f"bursts of {BURST_MS} ms: packets a second", "lost")
    print(measure.table(heads, rows))
    return True


def main():
    options = arguments()
    options.folder = os.path.abspath(options.folder)
    if os.geteuid() != 0:
        sys.exit("live.py: root is needed for network namespaces")
    names = options.programs.split(",")
    for name in names:
        if name not in live_programs.ALL:
            sys.exit(f"live.py: '{name}' is not one of {', '.join(live_programs.ALL)}")
    net = Net(options.nice)
    try:
        if options.sustained:
            names = [name for name in names if name in ("loop", "seine-sensor")]
        missing = [name for name in names if not live_programs.ALL[name](options.folder, net, None, None).path()]
        names = [name for name in names if name not in missing]
        print(f"{measure.machine()}.\nPrograms on core {options.core}, sender on core {options.send_core}, "
              f"niceness {options.nice}.")
        is_good = sustained(options, net, names) if options.sustained else steady(options, net, names)
        for name in missing:
            print(f"\n{name} is not installed and was left out.")
    finally:
        net.close()
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
