#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the captures under tests/data/captures and their truth.tsv, always the same bytes.

usage: make_captures.py [FOLDER]      (default: captures beside this script)

Each frame is built together with a note of what it is; the totals come from the notes, not from
reading the bytes again. The columns of truth.tsv are those that replay_truth.py compares, among
others: addresses and tuples by the outermost and by the innermost IP header (a tuple is source,
destination, protocol and two ports, 0 where there are none; bidir: either direction is one)."""
import gzip
import hashlib
import ipaddress
import os
import struct
import sys
from collections import Counter

ICMP, IPIP, TCP, UDP, GRE, ICMP6, SCTP = 1, 4, 6, 17, 47, 58, 132
SYN, ACK, PSH, FIN = 2, 16, 8, 1
COLUMNS = """file sha256 frames wire_bytes cap_bytes t_first t_last seconds_seen max_pps ip4 ip6
 ip_bytes tcp udp icmp icmp6 other_ip non_ip fragments vlan_frames mpls_frames syn_only
 tunnel_frames outer_ips outer_src_ips outer_dst_ips outer_tuples outer_tuples_bidir inner_ips
 inner_tuples inner_tuples_bidir uncertain""".split()


class Packet:
    """Bytes from an IP header on (or of another network protocol), and what they are."""

    def __init__(self, data, ether_type, note=None, inner=None):
        self.data, self.ether_type, self.note = data, ether_type, note
        self.inner = inner.inner if inner else note  # the note of the innermost header


class Frame:
    def __init__(self, data, packet, vlan=False, mpls=False, wire=None, cap=None):
        self.wire = wire or len(data)
        self.data = data[:cap] if cap else data
        self.packet, self.vlan, self.mpls = packet, vlan, mpls


def address(text):
    return ipaddress.ip_address(text).packed


# Transport headers: (protocol, ports, bytes, is it a SYN alone)

def tcp(sport, dport, flags, payload=b"", seq=1):
    options = bytes.fromhex("020405b4") if flags & SYN else b""
    head = struct.pack("!HHIIBBHHH", sport, dport, seq, 1 if flags & ACK else 0,
                       (20 + len(options)) << 2, flags, 65535, 0, 0)
    return TCP, (sport, dport), head + options + payload, flags & (SYN | ACK) == SYN


def udp(sport, dport, payload=b""):
    head = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0)
    return UDP, (sport, dport), head + payload, False


def sctp(sport, dport):
    init = struct.pack("!BBHIIHHI", 1, 0, 20, 7, 65535, 1, 1, 1)
    return SCTP, (sport, dport), struct.pack("!HHII", sport, dport, 0, 0) + init, False


def icmp(kind, payload=b"", protocol=ICMP):
    return protocol, (0, 0), struct.pack("!BBHHH", kind, 0, 0, 1, 1) + payload, False


def dns(name, answer=None):
    labels = b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0"
    head = struct.pack("!HHHHHH", 0x1234, 0x8180 if answer else 0x0100, 1, 1 if answer else 0, 0, 0)
    body = head + labels + struct.pack("!HH", 1, 1)
    if answer:
        body += struct.pack("!HHHIH", 0xc00c, 1, 1, 300, 4) + address(answer)
    return body


# IP headers around a transport

def note(version, source, destination, transport, ip_bytes, fragment=False, has_header=True):
    protocol, ports, _, is_syn = transport
    ports = ports if has_header else (0, 0)
    return {"version": version, "protocol": protocol, "bytes": ip_bytes, "fragment": fragment,
            "syn": is_syn and has_header, "tuple": (source, destination, protocol) + ports}


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff


def ipv4(source, destination, transport, options=b"", cut=None, inner=None):
    """cut: (offset in bytes, length or None, more fragments)."""
    body, offset, more = transport[2], 0, False
    if cut:
        offset, length, more = cut
        body = body[offset:offset + length] if length else body[offset:]
    size = 20 + len(options) + len(body)
    head = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, 0, size, 7,
                       (0x2000 if more else 0) | offset // 8, 64, transport[0], 0)
    head += address(source) + address(destination) + options
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    what = note(4, source, destination, transport, size, bool(cut), offset == 0)
    return Packet(head + body, 0x0800, what, inner)


def ipv6(source, destination, transport, extensions=(), cut=None, inner=None):
    """extensions: (number, bytes behind the next-header byte) in their order."""
    body, has_header = transport[2], True
    if cut:
        offset, length, more = cut
        body = body[offset:offset + length] if length else body[offset:]
        has_header = offset == 0
        extensions = list(extensions) + [(44, struct.pack("!BHI", 0, offset | more, 9))]
    numbers = [number for number, _ in extensions] + [transport[0]]
    chain = b"".join(bytes([after]) + data for after, (_, data) in zip(numbers[1:], extensions))
    head = struct.pack("!IHBB", 6 << 28, len(chain) + len(body), numbers[0], 64)
    data = head + address(source) + address(destination) + chain + body
    what = note(6, source, destination, transport, len(data), bool(cut), has_header)
    return Packet(data, 0x86dd, what, inner)


def within(protocol, packet, head=b""):
    """A transport that is another packet, behind a tunnel's own header."""
    return protocol, (0, 0), head + packet.data, False


def arp():
    body = bytes.fromhex("0001080006040001020000000001") + address("10.1.0.1") + bytes(6)
    return Packet(body + address("10.1.0.9"), 0x0806)


# Link headers around a packet

MACS = bytes.fromhex("020000000002020000000001")


def ethernet(packet, tags=(), **options):
    tag_bytes = b"".join(struct.pack("!HH", kind, number) for kind, number in tags)
    data = MACS + tag_bytes + struct.pack("!H", packet.ether_type) + packet.data
    return Frame(data + bytes(max(0, 60 - len(data))), packet, vlan=bool(tags), **options)


def snap(packet):
    body = bytes.fromhex("aaaa03000000") + struct.pack("!H", packet.ether_type) + packet.data
    return Frame(MACS + struct.pack("!H", len(body)) + body, packet)


def mpls(packet):
    data = MACS + struct.pack("!HII", 0x8847, 16 << 12 | 64, 17 << 12 | 0x100 | 64) + packet.data
    return Frame(data, packet, mpls=True)


def cooked(packet):
    head = struct.pack("!HHH8sH", 0, 1, 6, MACS[6:] + b"\0\0", packet.ether_type)
    return Frame(head + packet.data, packet)


def cooked_v2(packet):
    head = struct.pack("!HHIHBB8s", packet.ether_type, 0, 2, 1, 0, 6, MACS[6:] + b"\0\0")
    return Frame(head + packet.data, packet)


def raw(packet):
    return Frame(packet.data, packet)


def null(packet):
    return Frame(struct.pack("<I", 2 if packet.ether_type == 0x0800 else 24) + packet.data, packet)


# What goes into the files

def handshake(ip, client, server, port, payload=b"x" * 100):
    """A whole TCP connection with one request and one answer."""
    out = lambda flags, data=b"": ip(client, server, tcp(port, 80, flags, data))
    back = lambda flags, data=b"": ip(server, client, tcp(80, port, flags, data))
    return [out(SYN), back(SYN | ACK), out(ACK), out(PSH | ACK, payload),
            back(PSH | ACK, payload * 9), out(FIN | ACK), back(FIN | ACK), out(ACK)]


def lookup(ip, client, server, port):
    return [ip(client, server, udp(port, 53, dns("www.example.org"))),
            ip(server, client, udp(53, port, dns("www.example.org", "192.0.2.80")))]


def both_families():
    four, six = ("10.1.0.1", "192.0.2.80"), ("2001:db8::1", "2001:db8::80")
    packets = lookup(ipv4, *four, 40000) + handshake(ipv4, *four, 40001)
    packets += lookup(ipv6, *six, 40002) + handshake(ipv6, *six, 40003)
    packets += [ipv4(*four, icmp(8, b"ping" * 8)), ipv4(*reversed(four), icmp(0, b"ping" * 8))]
    packets += [ipv6(*six, icmp(128, b"ping" * 8, ICMP6)),
                ipv6(*reversed(six), icmp(129, b"", ICMP6))]
    return packets


def extended():
    """Headers longer than the least, other protocols, and a network without IP."""
    four, six = ("10.1.0.1", "10.1.0.2"), ("2001:db8::1", "2001:db8::2")
    hop = (0, bytes.fromhex("00050200000100"))
    options = (60, bytes.fromhex("00010400000000"))
    routing = (43, bytes.fromhex("00000000000000"))
    report = (143, (0, 0), bytes.fromhex("8f00000000000000"), False)
    return [ethernet(arp()), ethernet(ipv4(*four, udp(1, 2), options=b"\1" * 8)),
            ethernet(ipv4(*four, sctp(2905, 2905))),
            ethernet(ipv4(*four, (89, (0, 0), bytes(24), False))),
            ethernet(ipv6(*six, udp(5, 6, b"abc"), (hop, options, routing))),
            ethernet(ipv6(*six, (ICMP6,) + report[1:], (hop,)))]


def tagged():
    frames = []
    for i, packet in enumerate(both_families()):
        kinds = [[], [(0x8100, 100 + i)], [(0x88a8, 200), (0x8100, 100)]]
        frames.append(ethernet(packet, kinds[i % 3]))
    return frames + extended() + [ethernet(arp(), [(0x8100, 5)]), snap(both_families()[0]),
                                  mpls(both_families()[0])]


def fragments():
    big = udp(40010, 5000, bytes(range(256)) * 10)
    four, six = ("10.1.0.1", "10.1.0.3"), ("2001:db8::1", "2001:db8::3")
    cuts = [(0, 1480, True), (1480, None, False)]
    return [ethernet(ipv4(*four, big, cut=cut)) for cut in cuts] + \
        [ethernet(ipv6(*six, big, cut=cut)) for cut in cuts] + \
        [ethernet(packet) for packet in lookup(ipv4, "10.1.0.1", "10.1.0.53", 40011)]


def tunnels():
    inner = [ipv4("172.16.0.1", "172.16.0.2", udp(7, 8, b"in")),
             ipv6("fd00::1", "fd00::2", tcp(9, 10, SYN))]
    ends = ("10.1.0.1", "10.1.0.2")
    ends6 = ("2001:db8::1", "2001:db8::2")
    frames = []
    for packet, number in zip(inner, (IPIP, 41)):
        plain = struct.pack("!HH", 0, packet.ether_type)
        keyed = struct.pack("!HHIII", 0xb000, packet.ether_type, 0, 5, 6)
        frames += [ethernet(ipv4(*ends, within(number, packet), inner=packet)),
                   ethernet(ipv4(*ends, within(GRE, packet, plain), inner=packet)),
                   ethernet(ipv6(*ends6, within(GRE, packet, keyed), inner=packet))]
    return frames


def many_flows():
    """300 clients, each once; only the first 96 bytes of a frame captured."""
    frames = []
    for i in range(300):
        source = "10.2.%d.%d" % (i // 250, i % 250 + 1)
        packet = ipv4(source, "10.1.0.80", tcp(20000 + i, 443, PSH | ACK, bytes(i)))
        frames.append(ethernet(packet, cap=96))
    return frames


# Files

def pcap(frames, link, magic=0xa1b2c3d4, order="<"):
    unit = 1000 if magic == 0xa1b2c3d4 else 1
    data = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link)
    for time_ns, frame in frames:
        data += struct.pack(order + "IIII", time_ns // 10**9, time_ns % 10**9 // unit,
                            len(frame.data), frame.wire) + frame.data
    return data


def block(order, kind, body):
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def pcapng(frames, link, order="<"):
    """Two interfaces of one link type, the second with nanoseconds."""
    data = block(order, 0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1))
    data += block(order, 1, struct.pack(order + "HHI", link, 0, 262144))
    data += block(order, 1, struct.pack(order + "HHIHHBxxxHH", link, 0, 262144, 9, 1, 9, 0, 0))
    for i, (time_ns, frame) in enumerate(frames):
        stamp = time_ns if i % 2 else time_ns // 1000
        head = struct.pack(order + "IIIII", i % 2, stamp >> 32, stamp & 0xffffffff,
                           len(frame.data), frame.wire)
        data += block(order, 6, head + frame.data)
    return data


def timed(frames, start, step_ns):
    return [(start * 10**9 + i * step_ns, frame) for i, frame in enumerate(frames)]


def one_direction(flow):
    source, destination, protocol, sport, dport = flow
    return min(flow, (destination, source, protocol, dport, sport))


def truth_row(name, data, frames):
    seconds = Counter(time_ns // 10**9 for time_ns, _ in frames)
    packets = [f.packet for _, f in frames if f.packet.note]
    notes = [p.note for p in packets]
    named = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMP6: "icmp6"}
    protocols = Counter(named.get(n["protocol"], "other_ip") for n in notes)
    outer, inner = [{p.note["tuple"] for p in packets}, {p.inner["tuple"] for p in packets}]
    ends = lambda tuples, which: {t[i] for t in tuples for i in which}
    row = {"file": name, "sha256": hashlib.sha256(data).hexdigest(), "frames": len(frames),
           "wire_bytes": sum(f.wire for _, f in frames),
           "cap_bytes": sum(len(f.data) for _, f in frames),
           "t_first": "%.6f" % (frames[0][0] / 1e9), "t_last": "%.6f" % (frames[-1][0] / 1e9),
           "seconds_seen": len(seconds), "max_pps": max(seconds.values()),
           "ip4": sum(n["version"] == 4 for n in notes),
           "ip6": sum(n["version"] == 6 for n in notes),
           "ip_bytes": sum(n["bytes"] for n in notes), "non_ip": len(frames) - len(notes),
           "fragments": sum(n["fragment"] for n in notes),
           "vlan_frames": sum(f.vlan for _, f in frames),
           "mpls_frames": sum(f.mpls for _, f in frames),
           "syn_only": sum(n["syn"] for n in notes),
           "tunnel_frames": sum(p.inner is not p.note for p in packets),
           "outer_ips": len(ends(outer, (0, 1))), "outer_src_ips": len(ends(outer, (0,))),
           "outer_dst_ips": len(ends(outer, (1,))), "outer_tuples": len(outer),
           "outer_tuples_bidir": len({one_direction(t) for t in outer}),
           "inner_ips": len(ends(inner, (0, 1))), "inner_tuples": len(inner),
           "inner_tuples_bidir": len({one_direction(t) for t in inner}), "uncertain": "-"}
    row.update({c: protocols[c] for c in ("tcp", "udp", "icmp", "icmp6", "other_ip")})
    return "\t".join(str(row[column]) for column in COLUMNS)


def zipped(data):
    return gzip.compress(data, 9, mtime=0)


def main():
    beside = os.path.join(os.path.dirname(__file__), "captures")
    folder = sys.argv[1] if len(sys.argv) > 1 else beside
    os.makedirs(folder, exist_ok=True)
    both = both_families()
    files = [
        ("ethernet.pcap", timed(tagged(), 1700000000, 40_000_000), lambda f: pcap(f, 1)),
        ("fragments.pcapng", timed(fragments(), 1700000100, 1_000_001), lambda f: pcapng(f, 1)),
        ("tunnels.pcap", timed(tunnels(), 1700000200, 3 * 10**8), lambda f: pcap(f, 1, order=">")),
        ("flows-nano.pcap.gz", timed(many_flows(), 1700000300, 10_000_123),
         lambda f: zipped(pcap(f, 1, 0xa1b23c4d))),
        ("cooked.pcap", timed([cooked(p) for p in both], 1700000400, 10**8),
         lambda f: pcap(f, 113)),
        ("cooked2-big-endian.pcapng.gz", timed([cooked_v2(p) for p in both], 1700000500, 10**8),
         lambda f: zipped(pcapng(f, 276, ">"))),
        ("raw.pcap", timed([raw(p) for p in both], 1700000600, 10**8), lambda f: pcap(f, 101)),
        ("null.pcapng", timed([null(p) for p in both], 1700000700, 10**8), lambda f: pcapng(f, 0)),
    ]
    rows = ["\t".join(COLUMNS)]
    for name, frames, build in files:
        data = build(frames)
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
        rows.append(truth_row(name, data, frames))
    with open(os.path.join(folder, "truth.tsv"), "w", encoding="utf-8") as file:
        file.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
