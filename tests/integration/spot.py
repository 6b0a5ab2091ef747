"""One host to watch: namespaces around it, a sensor and its collector in it, frames made by hand."""
import json
import os
import pathlib
import signal
import socket
import sqlite3
import struct
import subprocess
import sys

from net import ip
from programs import Collector, Process, Sensor, program, until

HERE = pathlib.Path(__file__).parent
COUNT, SIZE = 200, 333


class Spaces:
    """Namespaces without IPv6, removed at the end with all that is in them."""

    def __init__(self):
        self.tag, self.made, self.files = f"seine{os.getpid()}", [], []

    def add(self, word):
        name = f"{self.tag}-{word}"
        ip("netns", "add", name)
        self.made.append(name)
        run_in(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        ip("-n", name, "link", "set", "lo", "up")
        return name

    def close(self):
        for file in self.files:
            os.close(file)
        for name in reversed(self.made):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True, timeout=20)


def run_in(space, *words):
    done = subprocess.run(["ip", "netns", "exec", space, *words], check=True, capture_output=True, text=True, timeout=20)
    return done.stdout


def join(space, device, other, peer):
    ip("-n", space, "link", "add", device, "type", "veth", "peer", "name", peer, "netns", other)
    for where, name in ((space, device), (other, peer)):
        subprocess.run(["ip", "netns", "exec", where, "ethtool", "-K", name, "tx", "off", "rx", "off", "tso", "off",
                        "gso", "off", "gro", "off"], check=False, capture_output=True, timeout=20)
        ip("-n", where, "link", "set", name, "up")


def address(space, device, text):
    ip("-n", space, "addr", "add", text, "dev", device)


class Watch:
    """A sensor and its collector in one namespace, on its loopback: nothing of theirs is on other devices."""

    def __init__(self, space, folder, processes, interfaces="[auto]", capture="", cards=None, stacks=None):
        self.space = space
        self.collector = Collector(folder / "collector", "127.0.0.1:7461", space)
        self.collector.start()
        processes.append(self.collector.process)
        settings = interfaces + ("\ncapture:" + "".join(f"\n  {line}" for line in capture.splitlines()) if capture else "")
        self.sensor = Sensor(folder / "sensor", "spot", self.collector, space, settings)
        self.collector.process.child.send_signal(signal.SIGHUP)
        command = [program("seine-sensor"), "--config", folder / "sensor" / "sensor.yaml"]
        if cards is not None:
            tree = made_tree(space, folder / "tree", cards, stacks or {})
            command = ["sh", "-c", 'mount --bind "$0" /sys/class/net && exec "$@"', tree, *command]
        self.process = Process(command, folder / "sensor.log", space)
        processes.append(self.process)
        until(lambda: (row := self.row()) and row["state"] == "live" and row["records"] > 0, "the sensor is live")

    def row(self):
        return self.collector.sensor_named("spot")

    def captured(self):
        return {row["name"] for row in self.row()["interfaces"]}

    def total(self, name):
        return next((row for row in self.row()["interface_totals"] if row["name"] == name), None)

    def conversations(self):
        """Packets and bytes there and back of each, by client, server and port."""
        rows = self.collector.ask("top", "conversations", "--last", "30m", "--limit", "1000")["conversations"]
        return {(row["client"], row["server"], row["server_port"]): row for row in rows}

    def packets(self, *key):
        row = self.conversations().get(key)
        return row["out"]["packets"] if row else 0

    def until_equal(self, name):
        """Waits until a device's kernel counters and what was captured say the same, beyond COUNT."""
        seen = {}

        def agrees():
            seen["total"] = total = self.total(name)
            return (total and total["kernel_packets"] >= COUNT and total["kernel_packets"]
                    == total["captured_packets"] + total["own_packets"] + total["dropped_packets"])

        try:
            until(agrees, f"{name}: captured + own + lost = kernel", 20)
        except AssertionError:
            raise AssertionError(f"{name}: {seen['total']}; {self.process.text()}") from None
        return seen["total"]


def made_tree(space, folder, cards, stacks):
    """Like /sys/class/net: cards hang on a bus; stacks: device -> the devices below it."""
    for link in json.loads(run_in(space, "ip", "-j", "link")):
        name = link["ifname"]
        (folder / name).mkdir(parents=True)
        (folder / name / "ifindex").write_text(f"{link['ifindex']}\n")
        if name in cards:
            (folder / name / "device").mkdir()
        for lower in stacks.get(name, ()):
            (folder / name / f"lower_{lower}").symlink_to(f"../{lower}")
    return folder


def send(source, target, to, port, count=COUNT, size=SIZE):
    """Datagrams that arrive, all of them."""
    traffic = [sys.executable, str(HERE / "traffic.py")]
    server = subprocess.Popen(["ip", "netns", "exec", target, *traffic, "udp-serve", to, str(port), str(count)],
                              stdout=subprocess.PIPE, text=True)
    assert server.stdout.readline() == "ready\n"
    run_in(source, *traffic, "udp-send", to, str(port), str(count), str(size))
    assert int(server.communicate(timeout=60)[0]) == count * size


def udp_frame(to_mac, source, target, port, vlan=None, size=SIZE):
    """An Ethernet frame with a datagram, without UDP checksum."""
    udp = struct.pack("!HHHH", 40000, port, 8 + size, 0) + bytes(size)
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, socket.inet_aton(source),
                       socket.inet_aton(target))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + head[12:]
    tag = struct.pack("!HH", 0x8100, vlan) if vlan else b""
    return bytes.fromhex(to_mac.replace(":", "")) + b"\x02\0\0\0\0\x09" + tag + b"\x08\0" + head + udp


def inject(space, device, frames):
    """Frames that leave by a device as they are."""
    code = ("import socket, sys; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind((sys.argv[1], 0))\n"
            "for line in sys.stdin: s.send(bytes.fromhex(line))")
    subprocess.run(["ip", "netns", "exec", space, sys.executable, "-c", code, device], check=True, timeout=20,
                   input="\n".join(frame.hex() for frame in frames), text=True)


def mac(space, device):
    return json.loads(run_in(space, "ip", "-j", "link", "show", device))[0]["address"]


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def fields(data):
    """Numbers and byte strings of one protobuf message; of a repeated field the last."""
    found, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            found[key >> 3], at = varint(data, at)
            continue
        length, at = {1: (8, at), 5: (4, at)}.get(key & 7) or varint(data, at)
        found[key >> 3], at = data[at:at + length], at + length
    return found


def segments(watch):
    """Super-segments and wire packets (field 19 of proto/summary.proto) of all second records on disk."""
    path = next((watch.collector.folder / "state").glob("*.db"))
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
        told = [fields(fields(body).get(19, b"")) for (body,) in store.execute("SELECT body FROM record WHERE kind = 1")]
    return sum(one.get(1, 0) for one in told), sum(one.get(2, 0) for one in told)


def tcp_segments(space):
    """As the kernel counts them, each of a super-segment for itself."""
    names, values = [line.split() for line in run_in(space, "cat", "/proc/net/snmp").splitlines()
                     if line.startswith("Tcp:")]
    return int(values[names.index("OutSegs")])
