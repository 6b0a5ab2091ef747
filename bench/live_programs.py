"""The programs that are measured live: how each is started on an interface, and what it says at its end.

result() gives (seen, dropped): packets that it has read or counted as not its matter, and those that its own counter
says it has lost; None where it does not say."""
import json
import os
import signal
import subprocess

import peers
from live_net import until

SENSOR = """name: bench
collector:
  address: 127.0.0.1:{port}
  key: "{key}"
key_file: {place}/sensor.key
interfaces: [in0]
"""
COLLECTOR = """listen: 127.0.0.1:{port}
key_file: {place}/collector.key
authorized_dir: {place}/authorized
state_dir: {place}/state
socket: {place}/collector.sock
"""
PORT = 7461
# A listener for exported flows: what it does not read, the kernel drops.
SINK = ("import socket, signal\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.bind(('127.0.0.1', 9995))\nsignal.pause()\n")


class Live:
    """start() leaves self.process, the one that is measured."""
    kind = None

    def __init__(self, folder, net, place, core):
        self.net, self.place, self.core = net, place, core
        self.installed = self.kind(folder, 100_000)
        self.process, self.folder = None, folder

    @property
    def name(self):
        return self.installed.name

    def path(self):
        return self.installed.path()

    def run(self, *words):
        before = self.net.sockets()
        self.process = self.net.start([str(word) for word in words], self.net.capture, f"{self.place}/log", self.core)
        until(lambda: self.net.sockets() > before or self.process.child.poll() is not None, f"{self.name} captures")
        if self.process.child.poll() is not None:
            raise RuntimeError(f"{self.name} ended: {self.process.text()[-300:]}")

    def stop(self):
        if self.process:
            self.process.stop()


class LoopKind(peers.Loop):
    program = "bench-pcap-live"


class Loop(Live):
    kind = LoopKind

    def start(self):
        self.run(self.path(), "in0")

    def result(self, offered):
        self.stop()
        told = json.loads(self.process.text())
        return told["seen"], told["dropped"]


class SensorKind(peers.Seine):
    name, program = "seine-sensor", "seine-sensor"


class Sensor(Live):
    """With a collector beside it, so that it publishes as in life; the collector's cost is not in the figures."""
    kind = SensorKind
    name = "seine-sensor"

    def make_key(self, program, name):
        words = [f"{self.folder}/{program}", f"--make-key={self.place}/{name}.key"]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout

    def start(self):
        os.mkdir(f"{self.place}/authorized")
        os.mkdir(f"{self.place}/state", 0o700)
        key = self.make_key("seine-collector", "collector").strip()
        with open(f"{self.place}/authorized/bench.pub", "w", encoding="ascii") as stream:
            stream.write(self.make_key("seine-sensor", "sensor"))
        for name, text in (("collector", COLLECTOR), ("sensor", SENSOR)):
            with open(f"{self.place}/{name}.yaml", "w", encoding="utf-8") as stream:
                stream.write(text.format(place=self.place, port=PORT, key=key))
        self.collector = self.net.start([f"{self.folder}/seine-collector", "--config", f"{self.place}/collector.yaml"],
                                        self.net.capture, f"{self.place}/collector.log")
        until(lambda: os.path.exists(f"{self.place}/collector.sock"), "the collector listens")
        self.run(self.path(), "--config", f"{self.place}/sensor.yaml")
        until(lambda: self.totals() is not None, "the sensor's records reach the collector")

    def totals(self):
        """What the collector has of the interface; None before the first record."""
        words = [f"{self.folder}/seine", "sensors", "--json", "--socket", f"{self.place}/collector.sock"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1) or not done.stdout.startswith("{"):
            return None
        for sensor in json.loads(done.stdout)["sensors"]:
            for row in sensor["interface_totals"]:
                if row["name"] == "in0":
                    return row
        return None

    def result(self, offered):
        """The last records come with the sensor's end."""
        self.process.stop()
        row = self.totals()
        return row["captured_packets"], row["dropped_packets"]

    def stop(self):
        super().stop()
        self.collector.stop()


class Softflowd(Live):
    kind = peers.Softflowd

    def start(self):
        self.sink = self.net.start(["python3", "-c", SINK], self.net.capture, f"{self.place}/sink.log")
        self.run(self.path(), "-i", "in0", "-n", "127.0.0.1:9995", "-v", "9", "-m", "200000", "-d",
                 "-p", f"{self.place}/pid", "-c", f"{self.place}/ctl")

    def result(self, offered):
        done = subprocess.run(["softflowctl", "-c", f"{self.place}/ctl", "statistics"], capture_output=True, text=True,
                              check=False, env={**os.environ, "PATH": peers.PATH})
        processed = peers.numbers(r"Packets processed: (\d+)", done.stdout)
        ignored = peers.numbers(r"Ignored packets: (\d+)", done.stdout) or 0
        dropped = peers.numbers(r"Packets dropped by libpcap: (\d+)", done.stdout)
        return None if processed is None else processed + ignored, dropped

    def stop(self):
        super().stop()
        self.sink.kill()


class Nfpcapd(Live):
    kind = peers.Nfpcapd

    def start(self):
        os.mkdir(f"{self.place}/flows")
        self.run(self.path(), "-i", "in0", "-w", f"{self.place}/flows")

    def result(self, offered):
        self.stop()
        text = self.process.text()
        return peers.numbers(r"^Total: Processed: (\d+)", text), peers.numbers(r"dropped: (\d+)", text)


class Argus(Live):
    kind = peers.Argus

    def start(self):
        self.run(self.path(), "-X", "-i", "in0", "-w", f"{self.place}/argus.out")

    def result(self, offered):
        self.stop()
        return self.installed.counts("", self.place)[0], None


class Pmacctd(Live):
    kind = peers.Pmacctd

    def start(self):
        self.run(*self.installed.configure(self.place, "pcap_interface: in0\n"))

    def result(self, offered):
        """SIGUSR1 makes it log its counters; its output is written at the end."""
        self.process.signal(signal.SIGUSR1)
        until(lambda: "dropped_packets=" in self.log_text(), "pmacctd logs its counters", 5)
        self.process.signal(signal.SIGINT)
        self.process.child.wait(30)
        return self.installed.counts("", self.place)[1], peers.numbers(r"dropped_packets=(\d+)", self.log_text())

    def log_text(self):
        with open(f"{self.place}/pmacct.log", encoding="utf-8", errors="replace") as stream:
            return stream.read()


ALL = {"loop": Loop, "seine-sensor": Sensor, "softflowd": Softflowd, "nfpcapd": Nfpcapd, "argus": Argus, "pmacctd": Pmacctd}
