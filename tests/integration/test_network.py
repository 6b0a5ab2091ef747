"""Three hosts on a bridge, a sensor on each, one collector: the view is true to the byte."""
import datetime
import json
import pathlib
import signal
import subprocess
import sys

import pytest

from net import ip
from programs import Collector, Process, Sensor, until

HERE = pathlib.Path(__file__).parent
PORT = 7461
MSS = 1460


class World:
    """The net with its collector, sensors and processes."""

    def __init__(self, net, folder, processes, extra=""):
        self.net, self.folder, self.processes = net, folder, processes
        self.collector = Collector(folder / "collector", f"{net.address('c')}:{PORT}", net.namespace("c"), extra)
        self.sensors = {}

    def start(self, hosts=("h1", "h2", "h3")):
        self.collector.start()
        self.processes.append(self.collector.process)
        for host in hosts:
            sensor = Sensor(self.folder / host, host, self.collector, self.net.namespace(host))
            self.collector.process.child.send_signal(signal.SIGHUP)
            sensor.start()
            self.processes.append(sensor.process)
            self.sensors[host] = sensor
        until(lambda: all(self.is_live(host) for host in hosts), "every sensor is live")

    def is_live(self, host):
        sensor = self.collector.sensor_named(host)
        return sensor is not None and sensor["state"] == "live" and sensor["records"] > 0

    def progress(self, host):
        """Up to when a sensor has reported, in seconds since 1970."""
        return datetime.datetime.fromisoformat(self.collector.sensor_named(host)["progress"]).timestamp()

    def traffic(self, host, *words):
        """Starts traffic.py in a host's namespace; its first line is waited for when it serves."""
        command = ["ip", "netns", "exec", self.net.namespace(host), sys.executable, str(HERE / "traffic.py")]
        child = subprocess.Popen([*command, *(str(word) for word in words)], stdout=subprocess.PIPE, text=True)
        if words[0].endswith("serve"):
            assert child.stdout.readline() == "ready\n"
        return child

    def send_tcp(self, source, target, port, total, reply, rate=0):
        server = self.traffic(target, "tcp-serve", self.net.address(target), port, reply)
        client = self.traffic(source, "tcp-send", self.net.address(target), port, total, rate)
        return server, client

    def send_udp(self, source, target, port, count, size):
        server = self.traffic(target, "udp-serve", self.net.address(target), port, count)
        client = self.traffic(source, "udp-send", self.net.address(target), port, count, size)
        return server, client

    def conversation(self, source, target, port, protocol):
        answer = self.collector.ask("top", "conversations", "--last", "30m", "--limit", "1000")
        rows = [row for row in answer["conversations"]
                if (row["client"], row["server"], row["server_port"], row["protocol"])
                == (self.net.address(source), self.net.address(target), port, protocol)]
        assert len(rows) <= 1, rows
        return rows[0] if rows else None


def finish(pair):
    outputs = [child.communicate(timeout=90)[0] for child in pair]
    assert all(child.returncode == 0 for child in pair)
    return [int(text.split()[-1]) for text in outputs if text.split()]


@pytest.fixture
def world(net, tmp_path, processes):
    made = World(net, tmp_path, processes)
    made.start()
    return made


def expect_conversation(world, *key, sent, back, seconds=30):
    """Waits until the conversation is there to the byte; says what is there instead if it never is."""
    seen = {}

    def is_exact():
        seen["row"] = world.conversation(*key)
        row = seen["row"]
        # Exact; only a segment that TCP sent twice may be there twice.
        again = world.net.retransmitted() * MSS
        return (row is not None and sent <= row["out"]["payload_bytes"] <= sent + again
                and back <= row["in"]["payload_bytes"] <= back + again)

    try:
        until(is_exact, key, seconds)
    except AssertionError:
        losses = [world.collector.sensor_named(host)["interface_totals"] for host in world.sensors]
        raise AssertionError(f"{key}: want {sent} and {back}, have {seen['row']}; {losses}") from None


def test_payloads_appear_once_to_the_byte(world):
    assert finish(world.send_tcp("h1", "h2", 5001, 3_000_001, 70_003)) == [3_000_001, 70_003]
    assert finish(world.send_tcp("h3", "h1", 5002, 123_457, 1)) == [123_457, 1]
    assert finish(world.send_udp("h2", "h3", 5003, 500, 777)) == [500 * 777]
    expect_conversation(world, "h1", "h2", 5001, "tcp", sent=3_000_001, back=70_003)
    expect_conversation(world, "h3", "h1", 5002, "tcp", sent=123_457, back=1)
    expect_conversation(world, "h2", "h3", 5003, "udp", sent=500 * 777, back=0)
    row = world.conversation("h2", "h3", 5003, "udp")
    assert row["out"]["packets"] == 500 and row["out"]["bytes"] == 500 * (777 + 28)
    assert row["witnesses"] == 2 and row["client_sensor"] == "h2" and row["server_sensor"] == "h3"
    web, back = world.conversation("h1", "h2", 5001, "tcp"), world.conversation("h3", "h1", 5002, "tcp")
    ports = world.collector.ask("top", "ports", "--last", "30m", "--limit", "100")["ports"]
    by_port = {(row["port"], row["protocol"]): row for row in ports}
    assert by_port[(5001, "tcp")]["out"] == web["out"] and by_port[(5001, "tcp")]["in"] == web["in"]
    assert by_port[(5003, "udp")]["out"]["payload_bytes"] == 500 * 777
    hosts = {row["address"]: row for row in
             world.collector.ask("top", "hosts", "--last", "30m", "--limit", "100")["hosts"]}
    assert hosts[world.net.address("h2")]["tx"]["payload_bytes"] == web["in"]["payload_bytes"] + 500 * 777
    assert hosts[world.net.address("h2")]["rx"]["payload_bytes"] == web["out"]["payload_bytes"]
    assert hosts[world.net.address("h3")]["tx"]["payload_bytes"] == back["out"]["payload_bytes"]
    assert hosts[world.net.address("h2")]["sensor"] == "h2"
    # The minute records that take the seconds' place say the same.
    minute_end = world.progress("h1") // 60 * 60 + 60
    for host in ("h1", "h2", "h3"):
        until(lambda h=host: world.progress(h) >= minute_end + 2, "the minute has ended", 70)
    expect_conversation(world, "h1", "h2", 5001, "tcp", sent=3_000_001, back=70_003)
    expect_conversation(world, "h2", "h3", 5003, "udp", sent=500 * 777, back=0)


def test_traffic_is_split_by_fleet_and_outside_peers(net, tmp_path, processes):
    world = World(net, tmp_path, processes)
    world.start(())
    sensor = Sensor(tmp_path / "h1", "h1", world.collector, net.namespace("h1"))
    with (sensor.folder / "sensor.yaml").open("a") as settings:
        settings.write(f"fleet:\n  networks: [{net.address('h2')}]\n")
    world.collector.process.child.send_signal(signal.SIGHUP)
    sensor.start()
    processes.append(sensor.process)
    until(lambda: world.is_live("h1"), "the sensor is live")
    for target, count in (("h2", 3000), ("h3", 1000)):
        assert finish(world.send_udp("h1", target, 5003, count, 772)) == [count * 772]
    ways = {}

    def is_split():
        ways.update(world.collector.ask("status")["peers"] or {})
        sent = ways.get("tx", {})
        # Rates are rounded down, of ten seconds at most.
        return (sent.get("fleet_bytes_per_s") or 0) >= 239_000 and (sent.get("outside_bytes_per_s") or 0) >= 79_000

    until(is_split, ways)
    assert ways["map_version"] == {"low": 0, "high": 0} and ways["records_split"] == ways["records"]
    row = next(row for row in world.collector.sensor_named("h1")["interfaces"] if row["name"] == "eth0")
    assert row["speed_bps"] == 10_000_000_000, "what the kernel says of a veth"
    assert 0 <= row["utilisation_percent"]["tx"] < 100


def test_captured_own_and_lost_equal_the_kernels_counters(net, tmp_path, processes):
    world = World(net, tmp_path, processes)
    before = {host: net.counters(host) for host in ("h1", "h2", "h3")}
    world.start()
    finish(world.send_tcp("h1", "h2", 5001, 2_000_000, 5))
    finish(world.send_udp("h2", "h3", 5003, 300, 1000))

    def agrees(host):
        since = net.counters(host) - before[host]
        totals = world.collector.sensor_named(host)["interface_totals"]
        total = next(row for row in totals if row["name"] == "eth0")
        kernel = total["kernel_packets"]
        seen = total["captured_packets"] + total["own_packets"] + total["dropped_packets"]
        # The kernel's counters of this very moment bound what the sensor has said of them.
        return since > 500 * (host != "h3") and kernel <= since and kernel == seen and total["own_packets"] > 0

    for host in ("h1", "h2", "h3"):
        until(lambda h=host: agrees(h), f"{host}: captured + own + lost = kernel", 40)


def test_a_killed_collector_loses_and_doubles_nothing(world):
    pair = world.send_tcp("h1", "h2", 5001, 4_000_000, 9, rate=400_000)
    for _ in range(3):
        until(lambda: world.conversation("h1", "h2", 5001, "tcp"), "the conversation is seen")
        before = world.conversation("h1", "h2", 5001, "tcp")["out"]["payload_bytes"]
        until(lambda b=before: world.conversation("h1", "h2", 5001, "tcp")["out"]["payload_bytes"] > b,
              "more traffic is seen")
        world.collector.process.kill()
        world.collector.start()
        world.processes.append(world.collector.process)
    assert finish(pair) == [4_000_000, 9]
    expect_conversation(world, "h1", "h2", 5001, "tcp", sent=4_000_000, back=9, seconds=60)
    for host in ("h1", "h2", "h3"):
        sensor = world.collector.sensor_named(host)
        assert sensor["gaps"] == 0 and sensor["state"] == "live", sensor
    assert world.collector.process.stop() == 0


def test_a_stranger_is_refused(world, tmp_path, net, processes):
    stranger = Sensor(tmp_path / "stranger", "stranger", world.collector, net.namespace("c"), is_stranger=True)
    stranger.start()
    processes.append(stranger.process)
    until(lambda: "refused" in stranger.process.text(), "the stranger is told")
    until(lambda: "refused" in world.collector.process.text(), "the collector says whom it refused")
    assert world.collector.sensor_named("stranger") is None
    stranger.process.stop()


def test_a_sensor_cannot_speak_for_another(world, tmp_path, net, processes):
    liar = Sensor(tmp_path / "liar", "liar", world.collector, net.namespace("c"), claims="h1")
    world.collector.process.child.send_signal(signal.SIGHUP)
    liar.start()
    processes.append(liar.process)
    until(lambda: "h1" in liar.process.text() and "liar" in liar.process.text(), "the liar is told why")
    records = world.collector.sensor_named("h1")["records"]
    until(lambda: world.collector.sensor_named("h1")["records"] > records, "h1 goes on")
    liar.process.stop()


def test_a_revoked_sensor_is_cut_off_at_once(world):
    (world.collector.folder / "authorized" / "h3.pub").unlink()
    world.collector.process.child.send_signal(signal.SIGHUP)
    until(lambda: "authorised keys: 2 sensors" in world.collector.process.text(), "the keys are read again")
    records = world.collector.sensor_named("h3")["records"]
    other = world.collector.sensor_named("h1")["records"]
    until(lambda: world.collector.sensor_named("h1")["records"] > other + 2, "the others go on")
    assert world.collector.sensor_named("h3")["records"] == records


def captured(world, host):
    return {row["name"] for row in world.collector.sensor_named(host)["interfaces"]}


def test_interfaces_are_followed_as_they_come_go_and_change_their_name(net, tmp_path, processes):
    world = World(net, tmp_path, processes)
    world.start(["h1"])
    name = net.namespace("h1")
    for _ in range(2):
        ip("-n", name, "link", "add", "ex0", "type", "veth", "peer", "name", "ex1", "netns", net.namespace("br"))
        ip("-n", name, "link", "set", "ex0", "up")
        ip("-n", net.namespace("br"), "link", "set", "ex1", "up")
        until(lambda: "ex0" in captured(world, "h1"), "a new interface is captured")
        ip("-n", name, "link", "set", "ex0", "down")
        ip("-n", name, "link", "set", "ex0", "name", "ex9", "up")
        until(lambda: "ex9" in captured(world, "h1"), "it is captured under its new name")
        ip("-n", name, "link", "delete", "ex9")
        until(lambda: captured(world, "h1") == {"eth0"}, "what is gone is no longer listed")
    assert world.sensors["h1"].process.stop() == 0


def received(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_alert_arrives_once_after_two_errors_and_its_end_too(net, tmp_path, processes):
    got = tmp_path / "received"
    receiver = Process([sys.executable, HERE / "receiver.py", net.address("c"), got, 500, 500], tmp_path / "log",
                       net.namespace("c"))
    processes.append(receiver)
    until(lambda: got.exists() and got.read_text(), "the receiver listens")
    port = received(got)[0]["port"]
    world = World(net, tmp_path, processes, f"""receivers:
  - name: test
    type: generic
    url: http://{net.address("c")}:{port}/hook
    allow_http: true
    retry_first: 500ms
rules:
  - name: load
    metric: bytes_per_s
    scope: interface
    match: "h1/eth0"
    above: 1 MB/s
    for: 1s
    hold: 3s
""")
    world.start()
    finish(world.send_tcp("h1", "h2", 5001, 9_000_000, 9, rate=3_000_000))
    until(lambda: any('"state":"resolved"' in post.get("text", "") for post in received(got)), "the all-clear", 40)
    posts = received(got)[1:]
    firing = [post for post in posts if json.loads(post["text"])["alert"]["state"] == "firing"]
    assert [post["status"] for post in firing] == [500, 500, 204]
    assert len({post["headers"]["Idempotency-Key"] for post in firing}) == 1
    alert = json.loads(firing[-1]["text"])["alert"]
    assert alert["rule"] == "load" and alert["subject"] == "h1/eth0" and alert["observed"] > 1_000_000
    assert len(posts) == 4, [post["text"] for post in posts]
    shown = world.collector.ask("alerts", "show", alert["id"])
    assert shown["alert"]["state"] == "resolved"
