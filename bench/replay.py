#!/usr/bin/env python3
"""CPU a packet of `seine replay` beside the bare libpcap loop and softflowd on one capture, in one run.

usage: replay.py [--runs N] FOLDER-OF-PROGRAMS CAPTURE      (FOLDER: build/release/bin)
Runs the programs in turn N times (default 5) after one round that does not count, checks that each saw every
packet, and prints the median of user + system CPU nanoseconds a packet, the peak resident memory, and the
ratios to the bare loop pair by pair."""
import argparse
import json
import os
import re
import shutil
import statistics
import sys
import tempfile


def measure(command, stdout):
    """CPU seconds and peak resident KiB of one run."""
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, stdout + ".err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)])
    _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"{command[0]}: exit status {status}: {open(stdout + '.err').read()[-300:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def programs(folder, capture):
    found = {"pcap loop": ([f"{folder}/bench-pcap-loop", capture], lambda text, _: int(text.split()[0])),
             "seine replay": ([f"{folder}/seine", "replay", "--json", capture],
                              lambda text, _: json.loads(text)["totals"]["frames"])}
    softflowd = shutil.which("softflowd", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if softflowd:
        found["softflowd"] = ([softflowd, "-r", capture, "-n", "127.0.0.1:9995", "-v", "9", "-m", "200000", "-d"],
                              lambda text, err: sum(int(number) for number in re.findall(
                                  r"^(?:Packets processed|Ignored packets): (\d+)", text + err, re.M)))
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("folder")
    parser.add_argument("capture")
    arguments = parser.parse_args()
    table = programs(os.path.abspath(arguments.folder), os.path.abspath(arguments.capture))
    cpu = {name: [] for name in table}
    memory, packets = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        for turn in range(arguments.runs + 1):
            for name, (command, count) in table.items():
                seconds, kib = measure(command, out)
                packets[name] = count(open(out).read(), open(out + ".err").read())
                if turn > 0:
                    cpu[name].append(seconds)
                    memory[name] = max(kib, memory.get(name, 0))
    want = packets["pcap loop"]
    print(f"{arguments.capture}: {want} packets, {arguments.runs} runs")
    print(f"{'program':14}{'ns/packet':>10}{'of the loop':>13}{'resident MB':>13}  packets")
    for name in table:
        ratio = statistics.median(a / b for a, b in zip(cpu[name], cpu["pcap loop"]))
        print(f"{name:14}{statistics.median(cpu[name]) / want * 1e9:10.1f}{ratio:12.2f}x{memory[name] / 1024:13.1f}  "
              f"{packets[name]}")
    return 1 if any(n != want for n in packets.values()) else 0


sys.exit(main())
