"""Live capture on stacks of devices: each byte is counted once, whatever carries it, comes, goes or is renamed."""
import fcntl
import os
import struct
import subprocess
import sys

import pytest

from net import ip
from programs import program, run, until
from spot import (COUNT, HERE, SIZE, Watch, address, inject, join, mac, run_in, segments, send, tcp_segments,
                  udp_frame)


@pytest.fixture
def host(spaces):
    """A host with eth0 and what lies outside of it."""
    space, outside = spaces.add("host"), spaces.add("outside")
    join(space, "eth0", outside, "out0")
    address(outside, "out0", "10.88.0.2/24")
    return space, outside


def expect_once(watch, interfaces, conversations):
    """Each of the conversations has its datagrams once, on the named devices and no other."""
    for key in conversations:
        until(lambda k=key: watch.packets(*k) >= COUNT, f"{key} is seen", 20)
    for name in interfaces:
        watch.until_equal(name)
    assert watch.captured() == set(interfaces)
    seen = watch.conversations()
    for key in conversations:
        assert seen[key]["out"]["packets"] == COUNT, seen[key]
        assert seen[key]["out"]["bytes"] == COUNT * (SIZE + 28), seen[key]
    assert {key for key in seen if key[2] != 0} == set(conversations), seen  # port 0: IGMP of the host itself


def test_a_veth_is_the_way_out_of_a_container(host, tmp_path, processes):
    space, outside = host
    address(space, "eth0", "10.88.0.1/24")
    watch = Watch(space, tmp_path, processes)
    send(space, outside, "10.88.0.2", 5001)
    send(outside, space, "10.88.0.1", 5002)
    expect_once(watch, ["eth0"], [("10.88.0.1", "10.88.0.2", 5001), ("10.88.0.2", "10.88.0.1", 5002)])


@pytest.fixture
def bridged(host, spaces):
    """eth0 and a guest's port in a bridge that has the host's address."""
    space, outside = host
    guest = spaces.add("guest")
    join(space, "port1", guest, "eth0")
    ip("-n", space, "link", "add", "br0", "type", "bridge")
    for port in ("eth0", "port1"):
        ip("-n", space, "link", "set", port, "master", "br0")
    ip("-n", space, "link", "set", "br0", "up")
    address(space, "br0", "10.88.0.1/24")
    address(guest, "eth0", "10.88.0.3/24")
    return space, outside, guest


def test_a_bridge_and_its_ports_count_once(bridged, tmp_path, processes):
    space, outside, guest = bridged
    watch = Watch(space, tmp_path, processes, cards=["eth0"])
    send(space, outside, "10.88.0.2", 5001)
    send(guest, outside, "10.88.0.2", 5002)
    send(guest, space, "10.88.0.1", 5003)  # does not leave the host
    expect_once(watch, ["eth0"], [("10.88.0.1", "10.88.0.2", 5001), ("10.88.0.3", "10.88.0.2", 5002)])


def test_ports_of_guests_are_points_of_their_own(bridged, tmp_path, processes):
    space, outside, guest = bridged
    watch = Watch(space, tmp_path, processes, capture="ports: true", cards=["eth0"])
    send(guest, outside, "10.88.0.2", 5002)
    send(guest, space, "10.88.0.1", 5003)
    expect_once(watch, ["eth0", "port1"], [("10.88.0.3", "10.88.0.2", 5002)])
    assert watch.total("port1")["captured_packets"] >= 2 * COUNT
    assert COUNT <= watch.total("eth0")["captured_packets"] < 2 * COUNT


def test_a_macvlan_and_its_device_count_once(host, tmp_path, processes):
    space, outside = host
    address(space, "eth0", "10.88.0.1/24")
    ip("-n", space, "link", "add", "mv0", "link", "eth0", "type", "macvlan", "mode", "bridge")
    ip("-n", space, "link", "set", "mv0", "up")
    address(space, "mv0", "10.89.0.1/24")
    address(outside, "out0", "10.89.0.2/24")
    watch = Watch(space, tmp_path, processes)
    send(space, outside, "10.88.0.2", 5001)
    send(space, outside, "10.89.0.2", 5002)
    send(outside, space, "10.89.0.1", 5003)
    expect_once(watch, ["eth0"], [("10.88.0.1", "10.88.0.2", 5001), ("10.89.0.1", "10.89.0.2", 5002),
                                  ("10.89.0.2", "10.89.0.1", 5003)])


def test_names_that_share_bytes_are_taken_and_said(host, tmp_path, processes):
    space, _ = host
    ip("-n", space, "link", "add", "mv0", "link", "eth0", "type", "macvlan", "mode", "bridge")
    ip("-n", space, "link", "set", "mv0", "up")
    watch = Watch(space, tmp_path, processes, interfaces="[eth0, mv0]")
    assert watch.captured() == {"eth0", "mv0"}
    assert "interfaces eth0 and mv0: one carries packets of the other" in watch.process.text()


def test_a_way_out_that_becomes_a_part_of_another_is_left(host, tmp_path, processes):
    """A card beside a veth at first; the veth goes as soon as the card is there."""
    space, outside = host
    address(space, "eth0", "10.88.0.1/24")
    join(space, "eth1", outside, "out1")
    watch = Watch(space, tmp_path, processes)
    assert watch.captured() == {"eth0", "eth1"}
    ip("-n", space, "link", "add", "br0", "type", "bridge")
    ip("-n", space, "link", "set", "eth1", "master", "br0")
    until(lambda: watch.captured() == {"eth0"}, "the port of the bridge is left")
    send(space, outside, "10.88.0.2", 5001)
    expect_once(watch, ["eth0"], [("10.88.0.1", "10.88.0.2", 5001)])


def test_a_tunnel_and_its_underlay_count_once(host, tmp_path, processes):
    space, outside = host
    address(space, "eth0", "10.88.0.1/24")
    for where, device, own, other in ((space, "eth0", 1, 2), (outside, "out0", 2, 1)):
        ip("-n", where, "link", "add", "vx0", "type", "vxlan", "id", "7", "dev", device, "remote", f"10.88.0.{other}",
           "dstport", "4789")
        ip("-n", where, "link", "set", "vx0", "up")
        address(where, "vx0", f"10.90.0.{own}/24")
    watch = Watch(space, tmp_path, processes)
    send(space, outside, "10.90.0.2", 5001)
    until(lambda: sum(row["out"]["packets"] for row in watch.conversations().values()) >= COUNT, "all is seen", 20)
    watch.until_equal("eth0")
    assert watch.captured() == {"eth0"}
    # By the inner flow or the outer one: what is not ARP of the tunnel, once.
    rows = [row for row in watch.conversations().values() if row["out"]["bytes"] >= COUNT * SIZE]
    assert len(rows) == 1 and COUNT <= rows[0]["out"]["packets"] <= COUNT + 4, rows


def test_a_guests_tap_and_the_card_count_once(host, spaces, tmp_path, processes):
    space, outside = host
    tap = os.open("/dev/net/tun", os.O_RDWR)
    spaces.files.append(tap)
    fcntl.ioctl(tap, 0x400454CA, struct.pack("16sH22x", f"s{os.getpid()}".encode(), 0x1002))  # TUNSETIFF: a tap, bare
    ip("link", "set", f"s{os.getpid()}", "name", "tap0", "netns", space)
    ip("-n", space, "link", "add", "br0", "type", "bridge")
    for port in ("eth0", "tap0"):
        ip("-n", space, "link", "set", port, "master", "br0", "up")
    ip("-n", space, "link", "set", "br0", "up")
    watch = Watch(space, tmp_path, processes, cards=["eth0"])
    target = mac(outside, "out0")
    for _ in range(COUNT):
        os.write(tap, udp_frame(target, "10.88.0.9", "10.88.0.2", 5001))
    key = ("10.88.0.9", "10.88.0.2", 5001)
    until(lambda: watch.packets(*key) >= COUNT, "the guest's datagrams are seen", 20)
    watch.until_equal("eth0")
    assert watch.captured() == {"eth0"} and watch.packets(*key) == COUNT


@pytest.mark.parametrize("upper, stacks", [
    ("bond0", {"bond0": ["eth0", "eth1"], "bond0.5": ["bond0"]}),
    ("team0", {"team0": ["eth0", "eth1"]}),
    ("eth0.5", {"eth0.5": ["eth0"]}),
])
def test_what_this_kernel_lacks_is_told_by_a_made_tree(upper, stacks, host, tmp_path, processes):
    """Plain devices here that sysfs shows as a bond, a team, a VLAN: what they carry is on their ports already."""
    space, outside = host
    join(space, "eth1", outside, "out1")
    for number, name in enumerate(sorted(set(stacks) | {upper})):
        join(space, name, outside, f"up{number}")
    watch = Watch(space, tmp_path, processes, cards=[], stacks=stacks)
    frames = [udp_frame("02:00:00:00:00:01", "10.88.0.1", "10.88.0.2", 5001)] * COUNT
    inject(space, upper, frames)
    inject(space, "eth0", frames[: COUNT // 2])
    inject(space, "eth1", frames[COUNT // 2:])
    key = ("10.88.0.1", "10.88.0.2", 5001)
    until(lambda: watch.packets(*key) >= COUNT, "the datagrams are seen", 20)
    assert watch.captured() == {"eth0", "eth1"} and watch.packets(*key) == COUNT


def test_tagged_frames_count_by_what_is_in_them(host, tmp_path, processes):
    """The kernel takes the tag off on receipt and keeps it beside the packet; libpcap puts it back."""
    space, outside = host
    watch = Watch(space, tmp_path, processes)
    frames = [udp_frame(mac(space, "eth0"), "10.88.0.2", "10.88.0.1", 5001, vlan=5)] * COUNT
    inject(outside, "out0", frames)
    key = ("10.88.0.2", "10.88.0.1", 5001)
    until(lambda: watch.packets(*key) >= COUNT, "the datagrams are seen", 20)
    total = watch.until_equal("eth0")
    assert watch.packets(*key) == COUNT
    assert total["captured_bytes"] >= COUNT * len(frames[0])


def test_a_filter_leaves_out_and_says_so(host, tmp_path, processes):
    space, outside = host
    address(space, "eth0", "10.88.0.1/24")
    watch = Watch(space, tmp_path, processes, capture='filter: "udp port 5001"')
    send(space, outside, "10.88.0.2", 5002)
    send(space, outside, "10.88.0.2", 5001)
    until(lambda: watch.packets("10.88.0.1", "10.88.0.2", 5001) >= COUNT, "what the filter lets through is seen", 20)
    assert watch.packets("10.88.0.1", "10.88.0.2", 5001) == COUNT
    assert watch.packets("10.88.0.1", "10.88.0.2", 5002) == 0
    total = watch.total("eth0")
    assert total["captured_packets"] == COUNT and total["kernel_packets"] >= 2 * COUNT
    assert 'capture.filter "udp port 5001"' in watch.process.text()
    row = next(row for row in watch.row()["interfaces"] if row["name"] == "eth0")
    assert row["filtered"] is True and row["seen_percent"] is None
    shown = subprocess.run([program("seine"), "sensors", "--socket", watch.collector.socket], capture_output=True,
                           text=True, check=False, timeout=20).stdout
    assert "filtered" in shown, shown
    # No ranking may call the rest of the traffic nothing.
    top = watch.collector.ask("top", "hosts", "--last", "1m")
    assert [(row["sensor"], row["filtered"]) for row in top["partial"]] == [("spot", True)], top["partial"]
    assert all(row["partial"] for row in top["hosts"]) and top["hosts"]
    shown = run(program("seine"), "top", "hosts", "--socket", watch.collector.socket).stdout
    assert "exact" not in shown and "not known" in shown and "spot (capture.filter)" in shown, shown


def lines(watch, text):
    return watch.process.text().count(text)


def test_a_device_that_is_renamed_loses_nothing_and_counts_nothing_twice(host, tmp_path, processes):
    space, outside = host
    address(space, "eth0", "10.88.0.1/24")
    watch = Watch(space, tmp_path, processes)
    send(space, outside, "10.88.0.2", 5001)
    until(lambda: watch.packets("10.88.0.1", "10.88.0.2", 5001) == COUNT, "the first datagrams are seen", 20)
    ip("-n", space, "link", "set", "eth0", "down")
    ip("-n", space, "link", "set", "eth0", "name", "wan0", "up")
    until(lambda: "wan0" in watch.captured(), "the new name is captured")
    send(space, outside, "10.88.0.2", 5002)
    until(lambda: watch.packets("10.88.0.1", "10.88.0.2", 5002) == COUNT, "the next datagrams are seen", 20)
    # Without going down: the capture goes on over the change.
    before = lines(watch, "capturing")
    sender = subprocess.Popen(["ip", "netns", "exec", space, sys.executable, str(HERE / "traffic.py"), "udp-send",
                               "10.88.0.2", "5003", "1500", str(SIZE)])
    until(lambda: watch.packets("10.88.0.1", "10.88.0.2", 5003) > 0, "the sender is seen", 20)
    assert subprocess.run(["ip", "-n", space, "link", "set", "wan0", "name", "wan1"], check=False).returncode == 0
    assert sender.wait(30) == 0
    until(lambda: "wan1" in watch.captured(), "the newest name is captured")
    until(lambda: watch.packets("10.88.0.1", "10.88.0.2", 5003) == 1500, "none is missing, none is twice", 20)
    assert lines(watch, "capturing") == before
    assert watch.process.is_alive()


def test_a_device_that_is_made_anew_is_a_new_one(host, tmp_path, processes):
    space, outside = host
    address(space, "eth0", "10.88.0.1/24")
    watch = Watch(space, tmp_path, processes)
    expected = 0
    for _ in range(3):
        opened = lines(watch, "capturing")
        ip("-n", space, "link", "delete", "eth0")
        join(space, "eth0", outside, "out0")
        address(space, "eth0", "10.88.0.1/24")
        address(outside, "out0", "10.88.0.2/24")
        until(lambda n=opened: lines(watch, "capturing") == n + 1, "it is captured again")
        send(space, outside, "10.88.0.2", 5001)
        expected += COUNT
        until(lambda n=expected: watch.packets("10.88.0.1", "10.88.0.2", 5001) >= n, "the datagrams are seen", 20)
        assert watch.packets("10.88.0.1", "10.88.0.2", 5001) == expected
    # Each began with counters of its own: no more than what it carried is told of the kernel's.
    kernel = watch.total("eth0")["kernel_packets"]
    assert expected <= kernel <= expected + 60, watch.total("eth0")


def test_a_device_that_goes_down_and_up_goes_on(host, tmp_path, processes):
    space, outside = host
    address(space, "eth0", "10.88.0.1/24")
    watch = Watch(space, tmp_path, processes)
    for turn in range(3):
        send(space, outside, "10.88.0.2", 5001 + turn)
        until(lambda t=turn: watch.packets("10.88.0.1", "10.88.0.2", 5001 + t) == COUNT, "the datagrams are seen", 20)
        ip("-n", space, "link", "set", "eth0", "down")
        until(lambda: [row["up"] for row in watch.row()["interfaces"]] == [False], "it is told as down")
        ip("-n", space, "link", "set", "eth0", "up")
        until(lambda: [row["up"] for row in watch.row()["interfaces"]] == [True], "it is told as up")
    assert watch.captured() == {"eth0"}


def test_a_host_without_carrier_waits_for_it(host, tmp_path, processes):
    space, outside = host
    address(space, "eth0", "10.88.0.1/24")
    ip("-n", space, "link", "set", "eth0", "down")
    watch = Watch(space, tmp_path, processes)
    assert watch.captured() == set()
    ip("-n", space, "link", "set", "eth0", "up")
    until(lambda: watch.captured() == {"eth0"}, "it is captured")
    send(space, outside, "10.88.0.2", 5001)
    expect_once(watch, ["eth0"], [("10.88.0.1", "10.88.0.2", 5001)])


def test_a_container_that_starts_is_no_way_out(host, spaces, tmp_path, processes):
    space, outside = host
    address(space, "eth0", "10.88.0.1/24")
    watch = Watch(space, tmp_path, processes)
    assert watch.captured() == {"eth0"}
    guest = spaces.add("guest")
    ip("-n", space, "link", "add", "docker0", "type", "bridge")
    ip("-n", space, "link", "set", "docker0", "up")
    ip("-n", space, "link", "add", "c1", "master", "docker0", "type", "veth", "peer", "name", "eth0", "netns", guest)
    ip("-n", space, "link", "set", "c1", "up")
    ip("-n", guest, "link", "set", "eth0", "up")
    send(space, outside, "10.88.0.2", 5001)
    expect_once(watch, ["eth0"], [("10.88.0.1", "10.88.0.2", 5001)])


def test_super_segments_are_told_with_what_they_were_on_the_wire(host, tmp_path, processes):
    space, outside = host
    address(space, "eth0", "10.88.0.1/24")
    for where, device in ((space, "eth0"), (outside, "out0")):
        run_in(where, "ethtool", "-K", device, "tx", "on", "rx", "on", "tso", "on", "gso", "on", "gro", "on")
    ip("-n", space, "link", "set", "eth0", "mtu", "1400")
    watch = Watch(space, tmp_path, processes)
    total, traffic, before = 20_000_000, [sys.executable, str(HERE / "traffic.py")], tcp_segments(space)
    server = subprocess.Popen(["ip", "netns", "exec", outside, *traffic, "tcp-serve", "10.88.0.2", "5001", "1"],
                              stdout=subprocess.PIPE, text=True)
    assert server.stdout.readline() == "ready\n"
    run_in(space, *traffic, "tcp-send", "10.88.0.2", "5001", str(total))
    assert int(server.communicate(timeout=60)[0]) == total
    sent = tcp_segments(space) - before  # with ACKs of the way back, and of the bus on loopback
    key = ("10.88.0.1", "10.88.0.2", 5001)
    until(lambda: key in watch.conversations() and watch.conversations()[key]["out"]["payload_bytes"] >= total,
          "the transfer is seen", 20)
    row = watch.conversations()[key]
    until(lambda: sum(segments(watch)) > total // 1348, "its records are on disk", 20)
    observed, wire = segments(watch)
    # Segments of 1400 - 52 bytes: what the kernel counted, those that went out alone among them.
    alone = row["out"]["packets"] - observed
    assert 0 < observed < wire, (observed, wire)
    assert total // 1348 <= wire + alone <= sent * 1.02 + 50, (observed, wire, alone, sent)


def apart(watch, name):
    """Bytes a second of a class that the fleet's total leaves out."""
    sums = watch.collector.ask("status")["apart"]
    return sums[f"{name}_bytes_per_s"] if sums else 0


def test_each_direction_has_its_class(host, spaces, tmp_path, processes):
    """The host sends, receives, talks to itself, forwards for others, and hears a group."""
    space, outside = host
    address(space, "eth0", "10.88.0.1/24")
    behind = spaces.add("behind")
    join(space, "eth1", behind, "in0")
    address(space, "eth1", "10.92.0.1/24")
    address(behind, "in0", "10.92.0.2/24")
    ip("-n", behind, "route", "add", "default", "via", "10.92.0.1")
    ip("-n", outside, "route", "add", "10.92.0.0/24", "via", "10.88.0.1")
    run_in(space, "sysctl", "-qw", "net.ipv4.ip_forward=1")
    watch = Watch(space, tmp_path, processes, interfaces="[eth0, eth1, lo]")
    send(space, outside, "10.88.0.2", 5001)
    send(outside, space, "10.88.0.1", 5002)
    send(space, space, "10.92.0.1", 5003)
    send(behind, outside, "10.88.0.2", 5004)
    group = [udp_frame("01:00:5e:00:00:09", "10.88.0.2", "224.0.0.9", 5005)] * COUNT
    inject(outside, "out0", group)
    seen = {}

    def all_seen():
        seen["rows"] = watch.conversations()
        return all(any(key[2] == port and row["out"]["packets"] >= COUNT for key, row in seen["rows"].items())
                   for port in range(5001, 5006))

    until(all_seen, "all five are seen", 20)
    rows = {key[2]: row["out"]["packets"] for key, row in seen["rows"].items()}
    # What is forwarded is on two wires: in by one, out by the other.
    assert (rows[5001], rows[5002], rows[5003], rows[5004], rows[5005]) == (COUNT, COUNT, COUNT, 2 * COUNT, COUNT)
    hosts = {row["address"]: row for row in
             watch.collector.ask("top", "hosts", "--last", "30m", "--limit", "100")["hosts"]}
    assert hosts["10.88.0.1"]["tx"]["payload_bytes"] >= COUNT * SIZE
    inject(outside, "out0", group)
    until(lambda: apart(watch, "multicast") > 0, "the group's class", 20)
    send(behind, outside, "10.88.0.2", 5004)
    until(lambda: apart(watch, "transit") > 0, "the class of what passes", 20)
    send(space, space, "10.92.0.1", 5003)
    until(lambda: apart(watch, "local") > 0, "the class of what stays", 20)
