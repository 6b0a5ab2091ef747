#!/usr/bin/env python3
"""A little traffic for the quickstart: sends BYTES over one TCP connection on 127.0.0.1 in about two
seconds, so that the loopback carries more than the shipped rule's bound. Prints the bytes sent and the
time of the first one."""
import json
import socket
import sys
import threading
import time


def drain(listener):
    peer, _ = listener.accept()
    with peer:
        while peer.recv(65536):
            pass


def main():
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 8_000_000
    listener = socket.create_server(("127.0.0.1", 0))
    receiver = threading.Thread(target=drain, args=(listener,))
    receiver.start()
    started, sent, chunk = time.time(), 0, bytes(20_000)
    with socket.create_connection(listener.getsockname()) as sender:
        while sent < total:
            # Paced by the clock: the n-th byte is due n/total of two seconds after the first.
            due = started + 2.0 * sent / total
            time.sleep(max(0.0, due - time.time()))
            sender.sendall(chunk[:min(len(chunk), total - sent)])
            sent += min(len(chunk), total - sent)
    receiver.join()
    print(json.dumps({"started": started, "bytes": sent, "port": listener.getsockname()[1]}))


main()
