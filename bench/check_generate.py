#!/usr/bin/env python3
"""bench-generate gives the same bytes for the same arguments, other bytes for another seed, and frames whose headers,
lengths and checksums are right to a reader that shares no line with it. usage: check_generate.py BENCH-GENERATE"""
import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile

ARGUMENTS = ["--packets", "40k", "--flows", "4k", "--snap", "2048", "--seconds", "20", "--storm", "2k"]


def generate(program, path, *more):
    """What it says is in the file, and the file's hash."""
    done = subprocess.run([program, *ARGUMENTS, *more, path], check=True, capture_output=True, text=True)
    with open(path, "rb") as stream:
        return json.loads(done.stdout), hashlib.sha256(stream.read()).hexdigest()


def records(path):
    """(microseconds, length on the wire, bytes) of each packet of a little-endian file."""
    with open(path, "rb") as stream:
        data = stream.read()
    assert struct.unpack_from("<IHH", data) == (0xA1B2C3D4, 2, 4) and struct.unpack_from("<I", data, 20) == (1,)
    at = 24
    while at < len(data):
        second, us, kept, length = struct.unpack_from("<IIII", data, at)
        yield second * 1000000 + us, length, data[at + 16:at + 16 + kept]
        at += 16 + kept
    assert at == len(data)


def ones_sum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def network(frame):
    """(ethertype, bytes behind it) under any tags, and how many tags there were."""
    at, tags = 12, 0
    while frame[at:at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at, tags = at + 4, tags + 1
    return int.from_bytes(frame[at:at + 2], "big"), frame[at + 2:], tags


def ip_payload(kind, packet):
    """(protocol, payload, pseudo header's addresses, whether it is a fragment)."""
    if kind == 0x0800:
        assert packet[0] == 0x45 and ones_sum(packet[:20]) == 0xFFFF
        total, fragment = struct.unpack_from(">H2xH", packet, 2)
        return packet[9], packet[20:total], packet[12:20], fragment & 0x3FFF != 0
    assert kind == 0x86DD and packet[0] >> 4 == 6
    payload = packet[40:40 + int.from_bytes(packet[4:6], "big")]
    if packet[6] == 44:
        return payload[0], payload[8:], packet[8:40], True
    return packet[6], payload, packet[8:40], False


def check_transport(protocol, payload, addresses):
    pseudo = addresses + struct.pack(">II", len(payload), protocol)
    assert protocol in (1, 6, 17, 58), protocol
    assert ones_sum((b"" if protocol == 1 else pseudo) + payload) == 0xFFFF, (protocol, payload[:40].hex())


def check_frames(path, told):
    """Every frame is understood; returns what was found by kind."""
    found = {"packets": 0, "arp": 0, "fragments": 0, "ipv6": 0, "vlan": 0, "qinq": 0, "dns": 0, "wire_bytes": 0}
    last_us, syns, answered = 0, 0, 0
    for now_us, length, frame in records(path):
        assert last_us <= now_us and length == len(frame) >= 60
        last_us = now_us
        kind, packet, tags = network(frame)
        found["packets"] += 1
        found["wire_bytes"] += length
        found["vlan" if tags == 1 else "qinq"] += tags > 0
        if kind == 0x0806:
            found["arp"] += 1
            continue
        protocol, payload, addresses, is_fragment = ip_payload(kind, packet)
        found["ipv6"] += kind == 0x86DD
        found["fragments"] += is_fragment
        if is_fragment:
            continue
        check_transport(protocol, payload, addresses)
        found["dns"] += protocol == 17 and 53 in struct.unpack_from(">HH", payload)
        syns += protocol == 6 and payload[13] == 0x02
        answered += protocol == 6 and payload[13] == 0x12
    assert all(found.values()), found
    assert found["packets"] == told["packets"] and found["wire_bytes"] == told["wire_bytes"], (found, told)
    assert found["arp"] == told["arp"] and found["fragments"] == told["fragments"], (found, told)
    assert 0 < answered and told["storm"] == 2000 <= syns - answered, (syns, answered)


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        first, second, other = (os.path.join(folder, name) for name in ("first", "second", "other"))
        told, digest = generate(program, first)
        assert generate(program, second) == (told, digest), "two runs differ"
        assert generate(program, other, "--seed", "2")[1] != digest, "the seed has no effect"
        check_frames(first, told)
        refused = subprocess.run([program, "--packets", "10", "--flows", "10", other], capture_output=True, check=False)
        assert refused.returncode == 2 and b"too few" in refused.stderr, refused
    print(f"bench-generate: {told['packets']} packets, sha256 {digest[:16]}")


main()
