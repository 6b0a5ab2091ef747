"""A full disk: somebody is paged all the same, nothing is told twice, and history goes on afterwards."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys

import pytest

from programs import Collector, Process, Sensor, free_port, program, run, until

HERE = pathlib.Path(__file__).parent
RULE = """newcomer: {enabled: false}
packet_size: {enabled: false}
rules:
  - {name: load, metric: bytes_per_s, scope: interface, above: 1000000, hold: 2s}
receivers:
  - {name: ops, type: generic, url: 'http://127.0.0.1:%d/hook', allow_http: true}
"""


class Disk:
    """A small file system of its own; full on demand."""

    def __init__(self, folder):
        self.folder, self.filler = folder, folder / "filler"
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "none", str(folder)], check=True,
                       capture_output=True, timeout=20)

    def fill(self):
        with open(self.filler, "wb", buffering=0) as out:
            try:
                while True:
                    out.write(bytes(4096))
            except OSError:
                pass

    def free(self):
        self.filler.unlink()

    def close(self):
        subprocess.run(["umount", "-l", str(self.folder)], check=False, capture_output=True, timeout=20)


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("a file system of its own needs root")
    try:
        made = Disk(folder)
    except subprocess.CalledProcessError:
        pytest.skip("no tmpfs can be mounted here")
    yield made
    made.close()


class World:
    """A receiver, a collector whose state is on the disk, and one sensor on the loopback."""

    def __init__(self, folder, disk, processes):
        self.posts_file = folder / "posts.jsonl"
        receiver = Process([sys.executable, HERE / "receiver.py", "127.0.0.1", self.posts_file], folder / "receiver.log")
        processes.append(receiver)
        until(lambda: self.posts_file.exists() and self.posts_file.read_text().endswith("\n"), "the receiver listens")
        port = json.loads(self.posts_file.read_text().splitlines()[0])["port"]
        self.collector = Collector(folder / "collector", f"127.0.0.1:{free_port()}",
                                   extra=RULE % port + f"state_dir: {disk.folder}\n")
        text = (self.collector.folder / "collector.yaml").read_text()
        (self.collector.folder / "collector.yaml").write_text(
            text.replace(f"state_dir: {self.collector.folder}/state\n", ""))
        sensor = Sensor(folder / "h1", "h1", self.collector, interfaces="[lo]")
        self.collector.start()
        processes.append(self.collector.process)
        sensor.start()
        processes.append(sensor.process)
        until(lambda: (self.collector.sensor_named("h1") or {}).get("records", 0) > 2, "the sensor is heard")
        until(lambda: self.status()["totals_5m"], "a window is on disk")

    def status(self):
        return self.collector.ask("status")

    def troubles(self):
        return {trouble["what"]: trouble for trouble in self.status()["troubles"]}

    def posts(self):
        return [json.loads(line) for line in self.posts_file.read_text().splitlines()[1:]]

    def keys(self):
        return [post["headers"]["Idempotency-Key"] for post in self.posts()]

    def alert(self, rule, state):
        """The alert of that rule and state as it was posted; None when it was not."""
        for post in self.posts():
            alert = json.loads(post["text"])["alert"]
            if (alert["rule"], alert["state"]) == (rule, state):
                return alert
        return None


def load(total):
    """So many bytes over the loopback at once."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname(), timeout=30) as sender:
            peer, _ = listener.accept()
            with peer:
                for _ in range(total // 65536):
                    sender.sendall(bytes(65536))
                    left = 65536
                    while left > 0:
                        left -= len(peer.recv(left))


def test_a_full_disk_is_told_and_everything_arrives_once(tmp_path, disk, processes):
    world = World(tmp_path, disk, processes)
    disk.fill()
    until(lambda: "store" in world.troubles(), "the status tells it")
    until(lambda: world.alert("store", "firing"), "somebody is paged about the disk")
    load(20_000_000)
    alert = until(lambda: world.alert("load", "firing"), "an alert goes out although the disk is full")
    # A small one may still fit into the room that the journal has already.
    unsaved = [one for one in (alert, world.alert("store", "firing")) if one.get("saved") is False]
    assert unsaved
    shown = run(program("seine"), "status", "--socket", world.collector.socket)
    assert shown.returncode == 1
    assert shown.stdout.startswith("trouble:  the store refuses writes"), shown.stdout
    status = world.status()
    assert status["state"] == "ok" and status["deliveries"]["unsaved"] >= len(unsaved)
    assert status["deliveries"]["lost"] == 0
    assert status["totals_5m"]["window"]["until"] < status["windows"]["newest"]
    listed = world.collector.ask("alerts")["alerts"]
    assert {row["rule"] for row in listed} >= {"store", "load"}
    disk.free()
    until(lambda: world.alert("store", "resolved"), "the all-clear about the disk", 60)
    until(lambda: world.alert("load", "resolved"), "the all-clear about the load", 60)
    until(lambda: not world.troubles(), "nothing is left", 60)
    keys = world.keys()
    assert len(keys) == len(set(keys)), keys
    kept = world.collector.ask("alerts", "--state", "resolved")["alerts"]
    assert {row["rule"] for row in kept} == {"store", "load"} and all("saved" not in row for row in kept)
    assert world.collector.process.text().count("alerts are sent from memory") == 1
    # After a restart nothing is told again: the outbox on disk is empty.
    world.collector.process.stop(signal.SIGTERM)
    world.collector.start()
    processes.append(world.collector.process)
    assert world.status()["deliveries"]["waiting"] == 0
    assert world.keys() == keys
