"""`seine replay` as a person uses it."""
import csv
import json
import os
import pathlib
import signal
import struct
import subprocess

from programs import ENV, ROOT, program, run

OWN = ROOT / "tests/data/captures"


def frame(source, target, sport, dport, payload, time_s):
    """One UDP datagram as a pcap record."""
    udp = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, bytes(map(int, source.split("."))),
                     bytes(map(int, target.split("."))))
    data = bytes(12) + b"\x08\x00" + ip + udp
    return struct.pack("<IIII", int(time_s), int(time_s % 1 * 1e6), len(data), len(data)) + data


def pcap(path, *frames):
    path.write_bytes(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1) + b"".join(frames))
    return path


def replay(*words):
    done = run(program("seine"), "replay", "--json", *words)
    return done, json.loads(done.stdout)


def test_two_files_are_two_sensors_and_each_byte_counts_once(tmp_path):
    frames = [frame("10.0.0.1", "10.0.0.2", 1000 + i, 53, bytes(100), 1000 + i) for i in range(50)]
    a, b = pcap(tmp_path / "a.pcap", *frames), pcap(tmp_path / "b.pcap", *frames)
    config = tmp_path / "c.yaml"
    config.write_text("sensors:\n  a.pcap: {addresses: [10.0.0.1]}\n  b.pcap: {addresses: [10.0.0.2]}\n")
    done, got = replay("--config", config, a, b)
    assert done.returncode == 0, done.stderr
    assert got["totals"]["frames"] == 100, "both observations are in the totals of what was read"
    row = got["top_conversations"][0]
    assert row["server_port"] == 53 and row["out"]["packets"] == 50 and row["out"]["payload_bytes"] == 5000
    assert row["witnesses"] == 2 and got["alerts"] == []


def test_sent_and_received_are_split_by_who_is_of_the_fleet(tmp_path):
    here, mate, other = "10.0.0.1", "10.2.0.7", "198.51.100.9"
    frames = [frame(*ends, bytes(100), 1000 + i) for i, ends in enumerate(
        [(here, mate, 1, 53)] * 5 + [(mate, here, 53, 1)] * 4 + [(here, other, 2, 53)] * 3 + [(other, here, 53, 2)] * 2
        + [(mate, other, 3, 53)])]
    path = pcap(tmp_path / "a.pcap", *frames)
    done, got = replay("--local", here, "--fleet", "10.2.0.0/16", "--fleet", "203.0.113.1", path)
    assert done.returncode == 0, done.stderr
    tx, rx = got["directions"]["tx"], got["directions"]["rx"]
    assert (tx["packets"], tx["fleet"]["packets"], tx["outside"]["packets"]) == (8, 5, 3)
    assert (rx["packets"], rx["fleet"]["packets"], rx["outside"]["packets"]) == (6, 4, 2)
    assert tx["fleet"]["bytes"] == 5 * 128 and tx["fleet"]["payload_bytes"] == 500
    assert "fleet" not in got["directions"]["transit"] and got["directions"]["transit"]["packets"] == 1
    done, got = replay("--local", here, path)
    assert got["directions"]["tx"]["fleet"] is None and got["directions"]["rx"]["outside"] is None
    done = run(program("seine"), "replay", "--fleet", "10.2.0.1/16", path)
    assert done.returncode == 2 and "--fleet" in done.stderr


def test_an_empty_span_of_forty_years_costs_nothing(tmp_path):
    path = pcap(tmp_path / "long.pcap", frame("10.0.0.1", "10.0.0.2", 1, 2, b"x", 1000),
                frame("10.0.0.1", "10.0.0.2", 1, 2, b"y", 1_300_000_000))
    done, got = replay(path)
    assert done.returncode == 0 and got["totals"]["frames"] == 2 and got["windows"] == 2
    assert got["alerts"] == []


def test_time_that_runs_back_is_clamped_and_counted(tmp_path):
    path = pcap(tmp_path / "back.pcap", frame("10.0.0.1", "10.0.0.2", 1, 2, b"x", 5000),
                frame("10.0.0.1", "10.0.0.2", 1, 2, b"y", 4000))
    done, got = replay(path)
    assert done.returncode == 0 and got["totals"]["frames"] == 2 and got["ledger"]["clamped_frames"] == 1


def test_flows_are_written_as_csv(tmp_path):
    path = pcap(tmp_path / "f.pcap", frame("10.0.0.1", "10.0.0.2", 40000, 53, b"x" * 10, 5000.25),
                frame("10.0.0.2", "10.0.0.1", 53, 40000, b"y" * 30, 5000.5))
    done, _ = replay("--flows-csv", tmp_path / "flows.csv", path)
    assert done.returncode == 0
    rows = list(csv.DictReader(open(tmp_path / "flows.csv")))
    assert rows == [{"first": "5000250000000", "last": "5000500000000", "client": "10.0.0.1", "client_port": "40000",
                     "server": "10.0.0.2", "server_port": "53", "protocol": "17", "packets_out": "1",
                     "packets_in": "1", "bytes_out": "38", "bytes_in": "58", "tcp_flags_out": "0",
                     "tcp_flags_in": "0"}]


def test_a_capture_is_not_overwritten_by_its_own_flows(tmp_path):
    good = pcap(tmp_path / "good.pcap", frame("10.0.0.1", "10.0.0.2", 1, 2, b"x", 1))
    before = good.read_bytes()
    (tmp_path / "link.csv").symlink_to(good)
    done = run(program("seine"), "replay", "--flows-csv", tmp_path / "link.csv", good)
    assert done.returncode == 2 and "link.csv is one of the captures" in done.stderr, done.stderr
    assert good.read_bytes() == before


def test_a_byte_spike_raises_the_shipped_rule(tmp_path):
    frames = [frame("10.0.0.1", "10.0.0.2", 1, 2, bytes(1400), 9000 + i / 1000) for i in range(1000)]
    done, got = replay(pcap(tmp_path / "spike.pcap", *frames))
    assert done.returncode == 0
    assert [(a["detector"], a["state"]) for a in got["alerts"]][0] == ("threshold", "firing")


def test_the_same_run_twice_gives_the_same_bytes():
    files = sorted(path for path in OWN.iterdir() if ".pcap" in path.name)
    first, second = (run(program("seine"), "replay", "--json", *files) for _ in range(2))
    assert first.stdout == second.stdout and first.stdout


def test_a_truncated_capture_is_named_and_the_rest_is_counted(tmp_path):
    path = pcap(tmp_path / "cut.pcap", frame("10.0.0.1", "10.0.0.2", 1, 2, b"x", 1), frame("10.0.0.1", "10.0.0.2", 1, 2, b"y", 2))
    path.write_bytes(path.read_bytes()[:-5])
    done, got = replay(path)
    assert done.returncode == 1 and "cut.pcap" in done.stderr and got["totals"]["frames"] == 1


def test_what_is_not_a_capture_is_named_and_the_others_go_on(tmp_path):
    good = pcap(tmp_path / "good.pcap", frame("10.0.0.1", "10.0.0.2", 1, 2, b"x", 1))
    bad = tmp_path / "bad.pcap"
    bad.write_text("not a capture at all")
    done, got = replay(bad, good, tmp_path / "missing.pcap")
    assert done.returncode == 1 and got["totals"]["frames"] == 1
    assert "bad.pcap" in done.stderr and "missing.pcap" in done.stderr


def test_a_file_of_an_unknown_link_type_is_refused_and_the_others_go_on(tmp_path):
    good = pcap(tmp_path / "good.pcap", frame("10.0.0.1", "10.0.0.2", 1, 2, b"x", 1))
    odd = tmp_path / "odd.pcap"
    data = bytearray(good.read_bytes())
    data[20:24] = struct.pack("<I", 281)
    odd.write_bytes(data)
    done, got = replay(odd, good)
    assert done.returncode == 1 and got["totals"]["frames"] == 1
    assert "odd.pcap: no decoder for its link type, DLT 281 (DSA_TAG_BRCM)" in done.stderr
    assert [file["frames"] for file in got["files"]] == [0, 1]


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def test_of_several_link_types_each_frame_is_read_by_its_own(tmp_path):
    ethernet = frame("10.0.0.1", "10.0.0.2", 1, 2, b"x", 1)[16:]
    odd = tmp_path / "several.pcapng"
    packets = [(0, ethernet), (1, ethernet), (2, ethernet[14:])]
    odd.write_bytes(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
                    + b"".join(block(1, struct.pack("<HHI", link, 0, 0)) for link in (1, 281, 101))
                    + b"".join(block(6, struct.pack("<IIIII", i, 0, 1000, len(data), len(data)) + data) for i, data in packets))
    done, got = replay(odd)
    assert done.returncode == 0 and "no decoder for one of its link types: 1 frames" in done.stderr
    assert got["totals"]["frames"] == 3 and got["totals"]["ipv4_packets"] == 2
    assert got["totals"]["undecoded"].get("unknown_link") == 1 and got["files"][0]["link"] == "several link types"


def test_standard_input_is_read(tmp_path):
    path = pcap(tmp_path / "in.pcap", frame("10.0.0.1", "10.0.0.2", 1, 2, b"x", 1))
    with open(path, "rb") as source:
        done = run(program("seine"), "replay", "--json", "-", stdin=source)
    assert done.returncode == 0 and json.loads(done.stdout)["totals"]["frames"] == 1


def test_an_interrupt_in_the_middle_shows_what_was_read(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    child = subprocess.Popen([program("seine"), "replay", "--json", str(fifo)], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, env=ENV)
    whole = pcap(tmp_path / "whole.pcap", *[frame("10.0.0.1", "10.0.0.2", 1, 2, b"x", i) for i in range(2000)])
    with open(fifo, "wb") as sink:
        sink.write(pathlib.Path(whole).read_bytes())
        sink.flush()
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    assert child.returncode != 0 and "interrupt" in err.lower(), err
    got = json.loads(out)
    assert got["totals"]["frames"] <= 2000
    assert got["files"][0]["trouble"] is not None


def test_a_sensor_reads_a_file_and_the_collector_keeps_it(tmp_path, processes):
    from test_bad_input import free_port
    from programs import Collector, Sensor, until
    collector = Collector(tmp_path / "collector", f"127.0.0.1:{free_port()}")
    sensor = Sensor(tmp_path / "s", "s", collector)
    collector.start()
    processes.append(collector.process)
    path = pcap(tmp_path / "f.pcap", *[frame("10.0.0.1", "10.0.0.2", 1, 53, bytes(10), 1000 + i) for i in range(90)])
    sensor.start("--read", str(path))
    processes.append(sensor.process)
    assert sensor.process.child.wait(60) == 0, sensor.process.text()
    until(lambda: collector.sensor_named("s")["frames"] == 90, "all frames have arrived")
