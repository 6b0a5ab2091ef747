#!/usr/bin/env python3
"""Compares `seine replay` with a table of independent totals, file by file.

usage: captures.py SEINE FOLDER      FOLDER/truth.tsv is the table

For a file that the table is certain of: frames, wire bytes, packets by outermost IP version and protocol, IP
bytes, fragments; and without fragments the number of five-tuples (either direction) in --flows-csv. A file
marked uncertain (malformed or damaged) must be read without a crash and give as many frames. Exit code 77: FOLDER is not
there, nothing was compared."""
import csv
import json
import os
import subprocess
import sys
import tempfile

COLUMNS = {"frames": ["frames"], "wire_bytes": ["wire_bytes"], "ipv4_packets": ["ip4"], "ipv6_packets": ["ip6"],
           "tcp_packets": ["tcp"], "udp_packets": ["udp"], "icmp_packets": ["icmp", "icmp6"],
           "other_ip_packets": ["other_ip"], "non_ip_frames": ["non_ip"], "ip_bytes": ["ip_bytes"],
           "fragments": ["fragments"]}


def pairs_in(path):
    with open(path) as rows:
        return len({(*sorted([(r["client"], r["client_port"]), (r["server"], r["server_port"])]), r["protocol"])
                    for r in csv.DictReader(rows)})


def differences(seine, path, want):
    with tempfile.TemporaryDirectory() as folder:
        flows = os.path.join(folder, "flows.csv")
        done = subprocess.run([seine, "replay", "--json", "--flows-csv", flows, path], capture_output=True, text=True,
                              timeout=120, check=False)
        if done.returncode < 0 or "Sanitizer" in done.stderr or "runtime error" in done.stderr:
            return [f"CRASH {done.returncode}: {done.stderr.strip()[:300]}"]
        try:
            got = json.loads(done.stdout)["totals"]
        except (ValueError, KeyError):
            return [f"no totals: {done.stderr.strip()[:200]}"]
        is_certain = want["uncertain"] == "-"
        wanted = {name: sum(int(want[column]) for column in columns)
                  for name, columns in COLUMNS.items() if is_certain or name == "frames"}
        found = [f"{name} {got.get(name)} not {value}" for name, value in wanted.items() if got.get(name) != value]
        if is_certain and want["fragments"] == "0" and want["non_ip"] != want["frames"]:
            count = pairs_in(flows)
            if count != int(want["inner_tuples_bidir"]):
                found.append(f"five-tuples {count} not {want['inner_tuples_bidir']}")
        return found


def main():
    seine, folder = sys.argv[1:]
    if not os.path.exists(os.path.join(folder, "truth.tsv")):
        print(f"SKIP: {folder} is not here: nothing was compared")
        return 77
    passed = failed = 0
    with open(os.path.join(folder, "truth.tsv")) as table:
        for want in csv.DictReader(table, delimiter="\t"):
            found = differences(seine, os.path.join(folder, want["file"]), want)
            passed, failed = passed + (not found), failed + bool(found)
            if found:
                print(f"{want['file']}: " + "; ".join(found))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
