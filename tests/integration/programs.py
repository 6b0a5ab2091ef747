"""The programs under test: starting, ending, configuring and asking them."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SEINE_BIN", ROOT / "build/dev/bin"))
# Sanitizers must speak up in the programs as well.
ENV = {**os.environ, "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": "detect_leaks=1", "NO_COLOR": "1"}


def run(*command, timeout=60, **more):
    """Runs to the end; the result has returncode, stdout, stderr."""
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout,
                          env=ENV, check=False, **more)


def program(name):
    return str(BIN / name)


def until(condition, what, seconds=30):
    """Asks condition until it gives something true; what names it when it never does."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Process:
    """One program that runs, its standard error in a file."""

    def __init__(self, command, log, namespace=None, stdin=None):
        prefix = ["ip", "netns", "exec", namespace] if namespace else []
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as out:
            self.child = subprocess.Popen(prefix + [str(c) for c in command], stdout=out, stderr=out,
                                          stdin=stdin or subprocess.DEVNULL, env=ENV)

    def text(self):
        return self.log.read_text(errors="replace")

    def is_alive(self):
        return self.child.poll() is None

    def stop(self, number=signal.SIGTERM, seconds=30):
        """Ends it and returns its exit code; fails when a sanitizer spoke."""
        if self.is_alive():
            self.child.send_signal(number)
        try:
            code = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise
        assert "Sanitizer" not in self.text() and "runtime error" not in self.text(), self.text()[-4000:]
        if code != 0:
            print(f"{self.log}: exit code {code}\n{self.text()[-4000:]}")
        return code

    def kill(self):
        self.child.kill()
        self.child.wait()


class Collector:
    """A collector with its folder, keys and configuration."""

    def __init__(self, folder, listen, namespace=None, extra=""):
        self.folder = pathlib.Path(folder)
        self.listen, self.namespace = listen, namespace
        (self.folder / "authorized").mkdir(parents=True)
        (self.folder / "state").mkdir(mode=0o700)
        made = run(program("seine-collector"), f"--make-key={self.folder}/collector.key")
        assert made.returncode == 0, made.stderr
        self.key = made.stdout.strip()
        self.socket = str(self.folder / "collector.sock")
        self.process = None
        self.configure(extra)

    def configure(self, extra):
        (self.folder / "collector.yaml").write_text(f"""listen: {self.listen}
key_file: {self.folder}/collector.key
authorized_dir: {self.folder}/authorized
state_dir: {self.folder}/state
socket: {self.socket}
checkpoint: 1s
{extra}""")

    def start(self):
        self.process = Process([program("seine-collector"), "--config", self.folder / "collector.yaml"],
                               self.folder / "collector.log", self.namespace)
        until(lambda: not self.process.is_alive() or self.ask("status", check=False) is not None,
              "the collector answers")
        assert self.process.is_alive(), self.process.text()

    def ask(self, *words, check=True):
        """`seine WORDS --json` as a value; None when it cannot be reached."""
        done = run(program("seine"), *words, "--json", "--socket", self.socket)
        if done.returncode not in (0, 1):
            assert not check, done.stderr
            return None
        return json.loads(done.stdout)

    def sensor_named(self, name):
        for sensor in self.ask("sensors")["sensors"]:
            if sensor["name"] == name:
                return sensor
        return None


class Sensor:
    """A sensor with its own key; authorised unless it is a stranger."""

    def __init__(self, folder, name, collector, namespace=None, interfaces="[auto]", is_stranger=False,
                 address=None, claims=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.name, self.namespace = name, namespace
        made = run(program("seine-sensor"), f"--make-key={self.folder}/sensor.key")
        assert made.returncode == 0, made.stderr
        if not is_stranger:
            (collector.folder / "authorized" / f"{name}.pub").write_text(made.stdout)
        (self.folder / "sensor.yaml").write_text(f"""name: {claims or name}
collector:
  address: {address or collector.listen}
  key: "{collector.key}"
key_file: {self.folder}/sensor.key
interfaces: {interfaces}
""")
        self.process = None

    def start(self, *options):
        self.process = Process([program("seine-sensor"), "--config", self.folder / "sensor.yaml", *options],
                               self.folder / "sensor.log", self.namespace)
