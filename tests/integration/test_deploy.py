"""What is laid down on a host: examples, installation, units, the Ansible role."""
import os
import pathlib
import shutil
import subprocess

import pytest

from programs import BIN, ENV, ROOT, program, run

BUILD = BIN.parent


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("staged")
    done = subprocess.run(["cmake", "--install", str(BUILD), "--prefix", "/usr"], env={**ENV, "DESTDIR": str(folder)},
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("name", ["sensor", "collector"])
def test_the_shipped_example_is_what_the_program_prints_and_parses(name):
    shipped = ROOT / f"deploy/examples/{name}.yaml"
    printed = run(program(f"seine-{name}"), "--print-config")
    assert printed.stdout == shipped.read_text(), "write it again: build/dev/bin/... --print-config"
    done = run(program(f"seine-{name}"), "--check-config", "--config", shipped)
    # A sensor's example lacks the two things that have no default, and says so.
    assert done.returncode == (1 if name == "sensor" else 0), done.stderr
    assert "expected" not in done.stderr.replace("missing: expected", ""), done.stderr


@pytest.mark.parametrize("name", ["sensor", "collector"])
def test_every_key_of_the_example_may_be_uncommented(name, tmp_path):
    text = (ROOT / f"deploy/examples/{name}.yaml").read_text()
    # Every '#' at a line's start taken off: '##' are comments still, '...' stands for what has no default.
    lines = [line[1:] if line.startswith("#") else line for line in text.splitlines()]
    path = tmp_path / "all.yaml"
    path.write_text("\n".join(lines) + "\n")
    done = run(program(f"seine-{name}"), "--check-config", "--config", path)
    told = [line for line in done.stderr.splitlines() if "'...'" not in line and "missing: expected" not in line]
    assert not any("unknown" in line or "nearest" in line for line in told), told


def test_the_installation_has_its_layout(staged):
    for path in ("usr/sbin/seine-sensor", "usr/sbin/seine-collector", "usr/bin/seine",
                 "usr/lib/systemd/system/seine-sensor.service", "usr/lib/systemd/system/seine-collector.service",
                 "usr/share/man/man1/seine.1", "usr/share/man/man8/seine-sensor.8", "etc/seine/keys",
                 "usr/lib/sysusers.d/seine.conf", "usr/lib/tmpfiles.d/seine.conf"):
        assert (staged / path).exists(), path


@pytest.mark.parametrize("name", ["sensor", "collector"])
def test_the_unit_is_verified(staged, name, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    unit = (staged / f"usr/lib/systemd/system/seine-{name}.service").read_text()
    path = tmp_path / f"seine-{name}.service"
    path.write_text(unit.replace("=/usr/sbin/", f"={staged}/usr/sbin/"))
    done = run("systemd-analyze", "verify", "--man=no", path)
    assert done.returncode == 0 and not done.stderr.strip(), done.stderr
    done = run("systemd-analyze", "security", "--offline=yes", "--threshold=30", path)
    assert done.returncode == 0, done.stdout[-300:]


def play(tmp_path, staged, prefix):
    inventory = tmp_path / "inventory"
    python = "/usr/bin/python3"
    inventory.write_text(f"web1 ansible_connection=local ansible_python_interpreter={python}\n")
    variables = [f"seine_sensor_prefix={prefix}", f"seine_sensor_programs={staged}/usr", "seine_sensor_service=false",
                 f"seine_sensor_user={os.environ.get('USER', 'root')}", "seine_sensor_collector=192.0.2.1:7461",
                 "seine_sensor_collector_key=rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
                 f"seine_sensor_public_keys={tmp_path}/keys"]
    command = ["ansible-playbook", "-i", str(inventory), str(ROOT / "deploy/ansible/sensors.yml")]
    for variable in variables:
        command += ["-e", variable]
    env = {**ENV, "ANSIBLE_ROLES_PATH": str(ROOT / "deploy/ansible/roles"), "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
           "ANSIBLE_NOCOLOR": "1", "ASAN_OPTIONS": "detect_leaks=0"}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=170, check=False)


def test_the_role_puts_a_sensor_on_a_host_and_changes_nothing_the_second_time(tmp_path, staged):
    if shutil.which("ansible-playbook") is None:
        pytest.skip("ansible is not here")
    prefix = tmp_path / "host"
    prefix.mkdir()
    first = play(tmp_path, staged, prefix)
    assert first.returncode == 0, first.stdout + first.stderr
    key = prefix / "etc/seine/keys/sensor.key"
    assert key.stat().st_mode & 0o777 == 0o600
    made = key.read_text()
    fetched = pathlib.Path(tmp_path / "keys/web1.pub")
    assert len(fetched.read_text().strip()) == 40
    checked = run(program("seine-sensor"), "--check-config", "--config", prefix / "etc/seine/sensor.yaml")
    assert checked.returncode == 0, checked.stderr
    second = play(tmp_path, staged, prefix)
    assert second.returncode == 0 and "changed=0" in second.stdout, second.stdout
    assert key.read_text() == made


def test_the_role_is_lint_clean(tmp_path):
    if shutil.which("ansible-lint") is None:
        pytest.skip("ansible-lint is not here")
    done = subprocess.run(["ansible-lint", "--offline", "sensors.yml", "roles/"], cwd=ROOT / "deploy/ansible",
                          env={**ENV, "ANSIBLE_ROLES_PATH": "roles", "HOME": str(tmp_path)}, capture_output=True, text=True,
                          timeout=170, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
