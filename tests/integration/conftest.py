"""Fixtures; the tests that need root or namespaces say why they skip."""
import os
import shutil
import subprocess

import pytest

from net import Net
from spot import Spaces


def can_make_namespaces():
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    name = f"seine{os.getpid()}-try"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
    return made.returncode == 0


@pytest.fixture
def net():
    if not can_make_namespaces():
        pytest.skip("network namespaces need root and iproute2")
    made = Net(["h1", "h2", "h3", "c"])
    yield made
    made.close()


@pytest.fixture
def spaces():
    if not can_make_namespaces():
        pytest.skip("network namespaces need root and iproute2")
    made = Spaces()
    yield made
    made.close()


@pytest.fixture
def processes():
    """Programs to be ended, whatever happens."""
    started = []
    yield started
    for process in started:
        if process.is_alive():
            process.kill()
