"""Each mistake gets a message that names it, and an exit code; nothing crashes."""
import contextlib
import os
import signal
import socket
import sqlite3
import struct
import time

import pytest

from programs import Collector, Process, Sensor, free_port, program, run, until


@pytest.fixture
def collector(tmp_path, processes):
    made = Collector(tmp_path / "collector", f"127.0.0.1:{free_port()}")
    made.start()
    processes.append(made.process)
    return made


def write(path, text):
    path.write_text(text)
    return path


CONFIGS = [
    ("seine-sensor", "capture:\n  snap: lots\n", [":2:9:", "capture.snap", "lots", "256 KiB"]),
    ("seine-sensor", "capture:\n  fliter: tcp\n", [":2:3:", "fliter", "capture.filter"]),
    ("seine-sensor", "name: a\nname: b\n", [":2:", "name"]),
    ("seine-sensor", "collector: {address: nowhere}\n", ["collector.address", "nowhere", "HOST:PORT"]),
    ("seine-sensor", "collector: {key: abc}\n", ["collector.key", "abc", "40 characters"]),
    ("seine-sensor", "interfaces: [\n", [":"]),
    ("seine-sensor", "interfaces: []\n", [":1:13: interfaces: '[]': expected at least one interface name, or auto"]),
    ("seine-sensor", "interfaces: any\n", [":1:13: interfaces: 'any': expected an interface name, or auto"]),
    ("seine-sensor", "interfaces: [eth0, any]\n", [":1:20:", "'any': expected an interface name, or auto"]),
    ("seine-sensor", "capture:\n  filter: udp prot 53\nqueue: many\n",
     [":2:11: capture.filter: 'udp prot 53': expected pcap-filter words: libpcap says: ", "syntax error", "queue"]),
    ("seine-sensor", "capture: {filter: 'port 99999'}\n", [":1:19: capture.filter:", "99999 > 65535"]),
    ("seine-collector", "checkpoint: fast\n", [":1:13:", "checkpoint", "fast"]),
    ("seine-collector", "rules:\n  - name: x\n    metric: bites_per_s\n    above: 5\n", ["bites_per_s", "bytes_per_s"]),
    ("seine-collector", "receivers:\n  - name: x\n    type: generic\n    url: http://a/\n", ["x", "http", "https"]),
    ("seine-collector", "listen: 99999999\n", ["listen", "99999999"]),
    ("seine-collector", "rules:\n  - {name: x, metric: flows, scope: host, above: 5}\n",
     [":2:37: rules.x.scope: 'host': expected"]),
    ("seine-collector", "rules:\n  - {name: x, metric: flows, scope: sensor, above: 5, match: 'web['}\n",
     [":2:62:", "'web['"]),
    ("seine-collector", "receivers:\n  - {name: x, type: generic, url: 'https://a/', secret_file: /none/s}\n",
     [":2:62: receivers.x.secret_file: /none/s: cannot read"]),
    ("seine-sensor", "name: x\n", ["collector.address: missing", "collector.key: missing"]),
]


@pytest.mark.parametrize("name,text,words", CONFIGS)
def test_a_broken_configuration_is_told_by_place(tmp_path, name, text, words):
    path = write(tmp_path / "bad.yaml", text)
    done = run(program(name), "--check-config", "--config", path)
    assert done.returncode == 1
    assert str(path) in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def test_good_words_of_a_filter_pass(tmp_path):
    for words in ("", "udp port 53", "not host 10.0.0.1 and (tcp or vlan)", "inbound"):
        path = write(tmp_path / "good.yaml", "collector: {address: 'a:1', key: '" + "0" * 40 + "'}\n"
                     f"capture: {{filter: '{words}'}}\n")
        done = run(program("seine-sensor"), "--check-config", "--config", path)
        assert done.returncode == 0, (words, done.stderr)


def test_a_secret_that_others_can_read_is_told_before_the_start(tmp_path):
    secret = write(tmp_path / "secret", "a good secret\n")
    path = write(tmp_path / "c.yaml", "receivers:\n  - {name: x, type: generic, url: 'https://a/', "
                 f"secret_file: {secret}}}\n")
    for mode, code in ((0o644, 1), (0o600, 0)):
        os.chmod(secret, mode)
        done = run(program("seine-collector"), "--check-config", "--config", path)
        assert done.returncode == code, done.stderr
        assert ("others can read it" in done.stderr) == (code == 1) and "good secret" not in done.stderr


def test_all_mistakes_are_told_at_once(tmp_path):
    path = write(tmp_path / "bad.yaml", "capture:\n  snap: lots\nqueue: many\nlog_level: loud\n")
    done = run(program("seine-sensor"), "--check-config", "--config", path)
    assert len(done.stderr.strip().splitlines()) == 3, done.stderr


def test_a_missing_configuration_is_named(tmp_path):
    for name in ("seine-sensor", "seine-collector"):
        done = run(program(name), "--config", tmp_path / "none.yaml")
        assert done.returncode == 1 and "none.yaml" in done.stderr


def test_an_unknown_option_is_a_usage_error():
    for name in ("seine-sensor", "seine-collector", "seine"):
        done = run(program(name), "--confg")
        assert done.returncode == 2 and "--confg" in done.stderr and len(done.stderr.splitlines()) <= 3, done.stderr


def test_a_key_that_others_can_read_is_refused(tmp_path, collector):
    sensor = Sensor(tmp_path / "s", "s", collector, interfaces="[lo]")
    os.chmod(tmp_path / "s" / "sensor.key", 0o644)
    done = run(program("seine-sensor"), "--config", tmp_path / "s" / "sensor.yaml")
    assert done.returncode == 1 and "sensor.key" in done.stderr and "644" in done.stderr
    assert sensor.process is None


def test_a_key_is_never_overwritten(tmp_path):
    first = run(program("seine-sensor"), f"--make-key={tmp_path}/k")
    again = run(program("seine-sensor"), f"--make-key={tmp_path}/k")
    assert first.returncode == 0 and again.returncode == 1 and f"{tmp_path}/k" in again.stderr


def test_an_interface_that_does_not_exist_is_named(tmp_path, collector):
    Sensor(tmp_path / "s", "s", collector, interfaces="[nosuch0]")
    done = run(program("seine-sensor"), "--config", tmp_path / "s" / "sensor.yaml")
    assert done.returncode == 1 and "nosuch0" in done.stderr


def test_a_port_in_use_is_named(collector, tmp_path):
    other = Collector(tmp_path / "other", collector.listen)
    done = run(program("seine-collector"), "--config", other.folder / "collector.yaml")
    assert done.returncode == 1 and collector.listen.split(":")[1] in done.stderr and "in use" in done.stderr


def test_a_second_collector_on_one_state_is_refused(collector):
    done = run(program("seine-collector"), "--config", collector.folder / "collector.yaml",
               "--listen", f"127.0.0.1:{free_port()}")
    assert done.returncode == 1 and str(collector.folder) in done.stderr


def test_an_unreachable_collector_is_said_and_survived(tmp_path, collector, processes):
    sensor = Sensor(tmp_path / "s", "s", collector, interfaces="[lo]", address=f"127.0.0.1:{free_port()}")
    sensor.start()
    processes.append(sensor.process)
    until(lambda: "no answer" in sensor.process.text() or "collector" in sensor.process.text(), "the sensor says so")
    assert sensor.process.is_alive()
    sensor.process.stop(signal.SIGTERM)


def test_the_cli_says_what_it_cannot_reach(tmp_path):
    done = run(program("seine"), "status", "--socket", tmp_path / "none.sock")
    assert done.returncode == 3 and "none.sock" in done.stderr


@pytest.mark.parametrize("words,said", [(["statsu"], "status"), (["top", "hots"], "hosts"),
                                        (["top", "hosts", "--last", "soon"], "soon"),
                                        (["top", "hosts", "--limit", "x"], "x")])
def test_a_wrong_word_gets_the_nearest_right_one(words, said, collector):
    done = run(program("seine"), *words, "--socket", collector.socket)
    assert done.returncode == 2 and said in done.stderr and len(done.stderr.splitlines()) <= 3, done.stderr


def test_an_unknown_alert_is_named(collector):
    done = run(program("seine"), "alerts", "show", "0123456789abcdef", "--socket", collector.socket)
    assert done.returncode != 0 and "0123456789abcdef" in done.stderr


def test_garbage_on_the_bus_changes_nothing(collector, tmp_path, processes):
    host, port = collector.listen.split(":")
    greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
    for payload in (b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 64, greeting,
                    greeting + b"\x02" + struct.pack(">Q", 1 << 62)):
        with socket.create_connection((host, int(port)), timeout=10) as peer:
            peer.sendall(payload)
    sensor = Sensor(tmp_path / "s", "s", collector, interfaces="[lo]")
    collector.process.child.send_signal(signal.SIGHUP)
    sensor.start()
    processes.append(sensor.process)
    until(lambda: (collector.sensor_named("s") or {}).get("records", 0) > 0, "an honest sensor is served")
    assert sensor.process.stop() == 0
    until(lambda: collector.sensor_named("s")["state"] == "left", "BYE is understood")
    assert collector.process.stop() == 0


def test_a_sensor_that_stops_captures_no_more(collector, tmp_path, processes):
    """Else each ACK over the interface that it captures would be a frame, a record, and an ACK again."""
    sensor = Sensor(tmp_path / "s", "s", collector, interfaces="[lo]")
    collector.process.child.send_signal(signal.SIGHUP)
    sensor.start()
    processes.append(sensor.process)
    until(lambda: (collector.sensor_named("s") or {}).get("records", 0) > 0, "the sensor is served")
    before = collector.sensor_named("s")["records"]
    collector.process.child.send_signal(signal.SIGSTOP)
    sensor.process.child.send_signal(signal.SIGTERM)
    until(lambda: "stopping" in sensor.process.text(), "it stops")
    end = time.monotonic() + 4
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        while time.monotonic() < end:
            out.sendto(b"after the end", ("127.0.0.1", 9))
            time.sleep(0.05)
    collector.process.child.send_signal(signal.SIGCONT)
    assert sensor.process.stop() == 0
    until(lambda: collector.sensor_named("s")["state"] == "left", "BYE is understood")
    # Two for what was open, two seconds that may have closed between question and signal.
    assert collector.sensor_named("s")["records"] <= before + 4


def test_a_window_from_the_future_does_not_blind_the_collector(collector, tmp_path, processes):
    sensor = Sensor(tmp_path / "s", "s", collector, interfaces="[lo]")
    collector.process.child.send_signal(signal.SIGHUP)
    sensor.start()
    processes.append(sensor.process)
    until(lambda: collector.ask("status")["windows"]["closed"] > 2, "windows close")
    assert collector.process.stop() == 0
    with contextlib.closing(sqlite3.connect(collector.folder / "state/seine.db")) as database:
        day_ns = 86_400 * 10**9
        changed = database.execute("UPDATE window SET start = start + ? WHERE start = (SELECT max(start) FROM window)",
                                   (day_ns,)).rowcount
        database.commit()
    assert changed == 1
    collector.start()
    processes.append(collector.process)
    until(lambda: collector.ask("status")["windows"]["closed"] > 2, "windows close again")
    assert "in the future" in collector.process.text()


def test_malformed_messages_are_refused_and_counted(collector, tmp_path):
    zmq = pytest.importorskip("zmq")
    made = run(program("seine-sensor"), f"--make-key={tmp_path}/m.key")
    (collector.folder / "authorized" / "m.pub").write_text(made.stdout)
    collector.process.child.send_signal(signal.SIGHUP)
    until(lambda: "authorised keys: 1 sensors" in collector.process.text(), "the key is read")
    context = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.curve_publickey = made.stdout.strip().encode()
    dealer.curve_secretkey = (tmp_path / "m.key").read_text().strip().encode()
    dealer.curve_serverkey = collector.key.encode()
    dealer.linger = 0
    dealer.connect(f"tcp://{collector.listen}")
    dealer.send(b"\xff\xfe not a message")
    assert dealer.poll(10_000), "the collector answers"
    assert dealer.recv()
    dealer.send(bytes(2 << 20))
    until(lambda: "sensor m at 127.0.0.1" in collector.process.text(), "it is said in the log")
    assert "not a well-formed message" in collector.process.text()
    dealer.close()
    context.term()
    assert collector.ask("status") is not None


def test_a_sensor_that_reached_nobody_says_so_at_its_end(tmp_path, processes):
    collector = Collector(tmp_path / "collector", f"127.0.0.1:{free_port()}")  # never started
    sensor = Sensor(tmp_path / "s", "s", collector, interfaces="[lo]")
    sensor.start()
    processes.append(sensor.process)
    until(lambda: "capturing" in sensor.process.text(), "the capture is open")
    assert sensor.process.stop() in (0, 1)  # 1: a second had closed, and its record was lost
    assert f"collector tcp://{collector.listen}: never connected; " in sensor.process.text()


def test_a_sensor_that_reached_somebody_does_not(collector, tmp_path, processes):
    sensor = Sensor(tmp_path / "s", "s", collector, interfaces="[lo]")
    collector.process.child.send_signal(signal.SIGHUP)
    sensor.start()
    processes.append(sensor.process)
    until(lambda: collector.sensor_named("s"), "the collector knows it")
    assert sensor.process.stop() == 0
    assert "never connected" not in sensor.process.text()
