"""Two network namespaces with a veth pair between them, and the processes in them. Everything that is made here is
ended by its own id and removed, whatever happens."""
import json
import os
import subprocess
import time

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
TARGET = "198.19.0.1"


def command(*words, check=True):
    return subprocess.run(words, check=check, capture_output=True, text=True, timeout=30).stdout


def until(condition, what, seconds=15):
    """Asks until it gives something true."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Process:
    """A program in a namespace, on one core; its output in a file."""

    def __init__(self, words, namespace, log, core=None, nice=0):
        pinned = ["nice", "-n", str(nice), "taskset", "-c", str(core)] if core is not None else []
        self.log = log
        with open(log, "wb") as out:
            self.child = subprocess.Popen(["ip", "netns", "exec", namespace, *pinned, *words], stdout=out, stderr=out,
                                          stdin=subprocess.DEVNULL)

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as stream:
            return stream.read()

    def family(self):
        """Ids of the process and of all that descend from it."""
        parents = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                fields = stat_of(int(name))
                if fields:
                    parents.setdefault(int(fields[1]), []).append(int(name))
        found = [self.child.pid]
        for pid in found:
            found += parents.get(pid, [])
        return found

    def cpu_s(self):
        """User and system time so far, of the children that are there and of those that have ended."""
        return sum(cpu_s_of(pid) for pid in self.family())

    def resident_bytes(self):
        rows = [stat_of(pid) for pid in self.family()]
        return sum(int(fields[21]) for fields in rows if fields) * PAGE

    def signal(self, number):
        if self.child.poll() is None:
            self.child.send_signal(number)

    def stop(self, seconds=20):
        """SIGTERM, and SIGKILL to it and what it started when that does not help."""
        if self.child.poll() is None:
            self.child.terminate()
        try:
            self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        if self.child.poll() is None:
            for pid in reversed(self.family()):
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    pass
            self.child.wait()


def stat_of(pid):
    """The fields of /proc/PID/stat behind the name (the first is the state); None: gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            return stream.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def cpu_s_of(pid):
    """/proc/PID/stat counts in ticks of 10 ms and rounds down, the threads' schedstat in nanoseconds but only of threads
    that are there: the greater one is nearer to the truth. Children that have ended are in stat alone."""
    fields = stat_of(pid)
    if fields is None:
        return 0
    own_s, exact_ns = sum(map(int, fields[11:13])) * TICK_S, 0
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as stream:
                exact_ns += int(stream.read().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return max(own_s, exact_ns / 1e9) + sum(map(int, fields[13:15])) * TICK_S


class Net:
    """bench-send sends on out0 of the sender's namespace; programs capture on in0 of the other one. To offer more than
    one socket can send, frames go by a second pair whose far end mirrors each several times onto out0."""

    def __init__(self, nice=0):
        self.nice = nice
        self.sender, self.capture = (f"seine-bench{os.getpid()}-{end}" for end in "sc")
        self.processes, self.made = [], []
        try:
            self.build()
        except BaseException:
            self.close()
            raise

    def build(self):
        for name in (self.sender, self.capture):
            command("ip", "netns", "add", name)
            self.made.append(name)
            command("ip", "netns", "exec", name, "sh", "-c", "for of in all default; do "
                    "echo 1 >/proc/sys/net/ipv6/conf/$of/disable_ipv6; done")
            command("ip", "-n", name, "link", "set", "lo", "up")
        command("ip", "-n", self.sender, "link", "add", "out0", "type", "veth", "peer", "name", "in0", "netns", self.capture)
        command("ip", "-n", self.sender, "link", "add", "first0", "type", "veth", "peer", "name", "mirror0")
        command("ip", "-n", self.capture, "addr", "add", f"{TARGET}/16", "dev", "in0")
        for name, device in ((self.sender, "out0"), (self.sender, "first0"), (self.sender, "mirror0"), (self.capture, "in0")):
            command("ip", "-n", name, "link", "set", device, "up")
        command("tc", "-n", self.sender, "qdisc", "add", "dev", "mirror0", "clsact")

    def mirror(self, times):
        """The interface to send on, so that each frame reaches in0 so many times."""
        command("tc", "-n", self.sender, "filter", "del", "dev", "mirror0", "ingress", check=False)
        if times == 1:
            return "out0"
        actions = ["action", "mirred", "egress", "mirror", "dev", "out0", "pipe"] * (times - 1)
        command("tc", "-n", self.sender, "filter", "add", "dev", "mirror0", "ingress", "protocol", "ip", "u32",
                "match", "u32", "0", "0", *actions, "action", "mirred", "egress", "redirect", "dev", "out0")
        return "first0"

    def offered(self):
        """Packets that in0 has received: what a program there could have seen."""
        (link,) = json.loads(command("ip", "-n", self.capture, "-s", "-j", "link", "show", "in0"))
        return link["stats64"]["rx"]["packets"]

    def sockets(self):
        """Packet sockets that are open in the capturing namespace."""
        return len(command("ip", "netns", "exec", self.capture, "cat", "/proc/net/packet").splitlines()) - 1

    def start(self, words, namespace, log, core=None):
        process = Process(words, namespace, log, core, self.nice)
        self.processes.append(process)
        return process

    def close(self):
        for process in reversed(self.processes):
            process.kill()
        for name in reversed(self.made):
            command("ip", "netns", "delete", name, check=False)
        self.processes, self.made = [], []
