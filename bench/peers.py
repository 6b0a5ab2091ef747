"""The programs that are measured on capture files: how each is started, and where it tells what it saw.

Counts are (seen, counted): packets that the program says it has read (None: it does not say), and packets that stand
in its results. A program that reads a packet and does not understand it has seen it and not counted it."""
import csv
import json
import os
import re
import shutil
import subprocess

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def numbers(pattern, text):
    """Sum of the numbers that the pattern's group finds; None when it finds none."""
    found = [int(number) for number in re.findall(pattern, text, re.M)]
    return sum(found) if found else None


def package_version(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "version unknown"


class Program:
    """name stands in tables; program is what is executed."""
    name = program = package = None
    run_options = ()  # of bench-run

    def __init__(self, folder, flows=None):
        self.folder, self.flows = folder, flows

    def path(self):
        """Where the program is; None: not installed."""
        own = os.path.join(self.folder, self.program)
        return own if os.path.exists(own) else shutil.which(self.program, path=PATH)

    def version(self):
        return package_version(self.package)


class Loop(Program):
    name, program, package = "bare libpcap loop", "bench-pcap-loop", "libpcap0.8"

    def command(self, capture, place, port):
        return [self.path(), capture]

    def counts(self, text, place):
        return (int(text.split()[0]),) * 2


class Reader(Loop):
    """Our own reader of files without what comes behind it; some builds lack it."""
    name, program, package = "our reader alone", "bench-capture-loop", None


class Seine(Program):
    name, program, package = "`seine replay`", "seine", None

    def __init__(self, folder, flows=None, slots=None):
        super().__init__(folder, flows)
        self.slots = slots
        if slots:
            self.name = f"`seine replay --flow-slots {slots}`"

    def version(self):
        return subprocess.run([self.path(), "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]

    def takes_slots(self):
        """Whether this build has the option for a larger flow table."""
        done = subprocess.run([self.path(), "help", "replay"], capture_output=True, text=True, check=False)
        return "--flow-slots" in done.stdout + done.stderr

    def command(self, capture, place, port):
        more = ["--flow-slots", str(self.slots)] if self.slots else []
        return [self.path(), "replay", "--json", *more, capture]

    def counts(self, text, place):
        totals = json.loads(text[text.index("{"):])["totals"]
        lost = sum(count for why, count in totals["undecoded"].items() if why != "not_ip")
        return totals["frames"], totals["frames"] - lost


class Softflowd(Program):
    name, program, package = "softflowd", "softflowd", "softflowd"

    def command(self, capture, place, port):
        """With a control socket of its own (-c) it would wait on that and never end."""
        return [self.path(), "-r", capture, "-n", f"127.0.0.1:{port}", "-v", "9", "-m", "200000", "-d",
                "-p", f"{place}/softflowd.pid"]

    def counts(self, text, place):
        processed = numbers(r"^Packets processed: (\d+)", text)
        return processed + (numbers(r"^Ignored packets: (\d+)", text) or 0), processed


class Nfpcapd(Program):
    name, program, package = "nfpcapd", "nfpcapd", "nfdump"

    def command(self, capture, place, port):
        made = os.path.join(place, "flows")
        shutil.rmtree(made, ignore_errors=True)
        os.mkdir(made)
        return [self.path(), "-r", capture, "-w", made]

    def counts(self, text, place):
        return numbers(r"^Total: Processed: (\d+)", text), numbers(r"^Ident: .* Packets: (\d+)", text)


class Argus(Program):
    name, program, package = "argus", "argus", "argus-server"

    def command(self, capture, place, port):
        self.remove(place)
        return [self.path(), "-X", "-r", capture, "-w", f"{place}/argus.out"]

    @staticmethod
    def remove(place):
        """It appends to a file that is there."""
        if os.path.exists(f"{place}/argus.out"):
            os.remove(f"{place}/argus.out")

    def counts(self, text, place):
        if not shutil.which("racount"):
            return None, None
        done = subprocess.run(["racount", "-r", f"{place}/argus.out"], capture_output=True, text=True, check=False)
        return (numbers(r"^ +sum +\d+ +(\d+)", done.stdout),) * 2


class Pmacctd(Program):
    """Its own pipe loses most of a replay without a word: ZeroMQ it is, with the largest profile. It ends with the file
    and forgets what its plugin has still to read: so it waits, and is interrupted when it is idle. A cache that is full
    stops it for good: it is made for the flows."""
    name, program, package = "pmacctd", "pmacctd", "pmacct"
    run_options = ("--interrupt-idle",)
    common = """daemonize: false
aggregate: src_host, dst_host, src_port, dst_port, proto
plugins: print
print_output: csv
print_output_file: {place}/pmacct.csv
print_output_file_append: true
print_refresh_time: 300
print_cache_entries: {cache}
logfile: {place}/pmacct.log
plugin_pipe_zmq: true
plugin_pipe_zmq_profile: xlarge
"""

    def configure(self, place, source):
        for name in ("pmacct.csv", "pmacct.log"):
            if os.path.exists(f"{place}/{name}"):
                os.remove(f"{place}/{name}")
        cache = max(16411, (self.flows or 1_000_000) // 8 + 1)  # buckets; 16411 is its default
        with open(f"{place}/pmacct.conf", "w", encoding="utf-8") as stream:
            stream.write(self.common.format(place=place, cache=cache) + source)
        return [self.path(), "-f", f"{place}/pmacct.conf"]

    def command(self, capture, place, port):
        return self.configure(place, f"pcap_savefile: {capture}\npcap_savefile_wait: true\n")

    def counts(self, text, place):
        """Only what stands in the output: it does not say how many packets it has read."""
        with open(f"{place}/pmacct.csv", encoding="ascii", newline="") as stream:
            rows = csv.DictReader(stream)
            return None, sum(int(row["PACKETS"]) for row in rows if row["PACKETS"] != "PACKETS")


def on_files(folder, flows=None):
    """All that are installed, the loop first, and the names of those that are not."""
    every = [kind(folder, flows) for kind in (Loop, Reader, Seine, Softflowd, Nfpcapd, Argus, Pmacctd)]
    return [one for one in every if one.path()], [one.program for one in every if not one.path() and one.package]
