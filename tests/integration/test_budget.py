"""The sensor inside its limits: flows are sampled in the kernel, and every record says so."""
import signal
import socket
import threading

from programs import Collector, Sensor, free_port, program, run, until


class Flood:
    """Datagrams from many addresses of loopback to many others, until it is ended."""

    def __init__(self):
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.send, daemon=True)
        self.thread.start()

    def send(self):
        sockets = []
        for i in range(1, 65):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((f"127.1.0.{i}", 0))
            sockets.append(sock)
        while not self.is_over.is_set():
            for i, sock in enumerate(sockets):
                try:
                    sock.sendto(b"x" * 64, (f"127.2.0.{i + 1}", 9))
                except ConnectionRefusedError:
                    pass

    def end(self):
        self.is_over.set()
        self.thread.join(10)
        assert not self.thread.is_alive()


def serve(tmp_path, processes, settings):
    """A collector, and a sensor with these settings beside the usual ones, which is served."""
    collector = Collector(tmp_path / "c", f"127.0.0.1:{free_port()}")
    collector.start()
    processes.append(collector.process)
    sensor = Sensor(tmp_path / "s", "s", collector, interfaces="[lo]")
    with open(tmp_path / "s" / "sensor.yaml", "a", encoding="ascii") as out:
        out.write(settings)
    collector.process.child.send_signal(signal.SIGHUP)
    sensor.start()
    processes.append(sensor.process)
    until(lambda: (collector.sensor_named("s") or {}).get("records", 0) > 0, "the sensor is served")
    return collector, sensor


def test_above_its_cpu_share_a_sensor_samples_flows_and_says_so(tmp_path, processes):
    collector, sensor = serve(tmp_path, processes, "limits:\n  cpu_percent: 1\n")
    assert collector.sensor_named("s")["sampling"] == "exact"
    flood = Flood()
    try:
        until(lambda: collector.sensor_named("s")["sampling"].startswith("scaled 1/"), "flows are sampled", seconds=60)
    finally:
        flood.end()
    assert "of one address pair in 2 are measured" in sensor.process.text()
    assert sensor.process.stop() == 0


def test_what_does_not_fit_into_the_memory_limit_is_made_smaller_and_said(tmp_path, processes):
    _, sensor = serve(tmp_path, processes, "limits:\n  memory: 24 MiB\nflows:\n  slots: 1000000\n")
    assert "limits.memory: flows.slots 1000000" in sensor.process.text()
    assert sensor.process.stop() == 0


def test_a_limit_that_nothing_fits_into_is_refused(tmp_path):
    (tmp_path / "sensor.yaml").write_text("limits:\n  memory: 1 MiB\n  cpu_percent: -1\n")
    done = run(program("seine-sensor"), "--check-config", "--config", tmp_path / "sensor.yaml")
    assert done.returncode != 0
    assert "limits.memory" in done.stderr and "limits.cpu_percent" in done.stderr, done.stderr
