"""The feed for other programs: docs/feed.py reads windows and alerts of a real collector; strangers and
withdrawn readers read nothing."""
import signal
import sys

from programs import ROOT, Collector, Process, Sensor, free_port, program, run, until

CONSUMER = ROOT / "docs" / "feed.py"


def make_reader(folder, name):
    made = run(program("seine-collector"), f"--make-key={folder}/{name}.key")
    assert made.returncode == 0, made.stderr
    return made.stdout


def start_reader(folder, name, port, collector, processes):
    reader = Process([sys.executable, "-B", CONSUMER, f"tcp://127.0.0.1:{port}", collector.key, folder / f"{name}.key"],
                     folder / f"{name}.log")
    processes.append(reader)
    return reader


def test_another_program_reads_windows_and_alerts_and_a_withdrawn_one_no_more(tmp_path, processes):
    port, readers = free_port(), tmp_path / "readers"
    readers.mkdir()
    collector = Collector(tmp_path / "collector", f"127.0.0.1:{free_port()}", extra=f"""feed:
  listen: 127.0.0.1:{port}
  readers_dir: {readers}
rules:
  - {{name: any, metric: bytes_per_s, scope: interface, above: 1, hold: 1s}}
""")
    for name in ("board", "other"):
        (readers / f"{name}.pub").write_text(make_reader(tmp_path, name))
    make_reader(tmp_path, "stranger")
    sensor = Sensor(tmp_path / "h1", "h1", collector, interfaces="[lo]")
    collector.start()
    processes.append(collector.process)
    board, other, stranger = (start_reader(tmp_path, name, port, collector, processes)
                              for name in ("board", "other", "stranger"))
    until(lambda: collector.ask("status")["feed"]["handshakes_accepted"] == 2, "both readers came in")
    sensor.start()
    processes.append(sensor.process)
    for reader in (board, other):
        until(lambda r=reader: r.text().count("\nwindow ") > 3 and "1/1 sensors" in r.text(), "windows are read")
        until(lambda r=reader: "alert firing warning" in r.text(), "an alert is read")
    assert "missed" not in board.text(), board.text()
    until(lambda: "feed: refused 127.0.0.1" in collector.process.text(), "the stranger is refused")
    assert stranger.text() == "", stranger.text()

    (readers / "other.pub").unlink()
    collector.process.child.send_signal(signal.SIGHUP)
    until(lambda: "a reader's key was withdrawn" in collector.process.text(), "the socket is opened anew")
    silent = other.text()
    before = board.text().count("window ")
    until(lambda: board.text().count("window ") > before + 3, "who may still read comes back")
    assert other.text() == silent, "a withdrawn reader reads on"
    assert sensor.process.stop() == 0
    assert collector.process.stop() == 0
