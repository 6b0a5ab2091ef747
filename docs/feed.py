#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads a collector's feed: one line a window or alert. Debian: python3-zmq python3-protobuf protobuf-compiler
usage: feed.py tcp://HOST:PORT COLLECTOR_PUBLIC_KEY READER_KEY_FILE   (seine-collector --make-key=READER_KEY_FILE;
its READER_KEY_FILE.pub goes into the collector's feed.readers_dir as NAME.pub)"""
import ipaddress, pathlib, subprocess, sys, tempfile
import zmq

proto = pathlib.Path(__file__).resolve().parents[1] / "proto"
with tempfile.TemporaryDirectory() as made:
    subprocess.run(["protoc", f"--proto_path={proto}", f"--python_out={made}", "feed.proto"], check=True)
    sys.path.insert(0, made)
    import feed_pb2

endpoint, server_key, key_file = sys.argv[1:]
socket = zmq.Context().socket(zmq.SUB)
socket.curve_serverkey = server_key.encode()
socket.curve_secretkey = pathlib.Path(key_file).read_bytes().strip()
socket.curve_publickey = pathlib.Path(key_file + ".pub").read_bytes().strip()
socket.subscribe(b"")  # or b"window", b"delta", b"alert"
socket.connect(endpoint)
last = None
while True:
    topic, body = socket.recv_multipart()
    feed = feed_pb2.Feed.FromString(body)
    missed = feed.sequence - last[1] - 1 if last and last[0] == feed.epoch else 0
    last = (feed.epoch, feed.sequence)
    if feed.WhichOneof("body") == "window":
        w, top = feed.window, feed.window.talkers[:1]
        who = f" most: {ipaddress.IPv6Address(top[0].address).ipv4_mapped or ipaddress.IPv6Address(top[0].address)}" if top else ""
        line = f"{w.start_ns // 10**9} {w.bytes_low}..{w.bytes_high} bytes, {w.sensors_present}/{w.sensors_expected} sensors{who}"
    else:
        line = f"{feed.alert.state} {feed.alert.severity} {feed.alert.id}: {feed.alert.summary}"
    print(topic.decode(), line + (f" ({missed} missed)" if missed else ""), flush=True)
