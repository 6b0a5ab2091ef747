#!/usr/bin/env python3
"""Traffic with payloads known to the byte, run inside a host's namespace.

traffic.py tcp-serve ADDRESS PORT REPLY      takes one connection, reads it to its end, answers REPLY bytes
traffic.py tcp-send ADDRESS PORT BYTES [BYTES_PER_S]   sends BYTES, reads the answer; prints what it got
traffic.py udp-serve ADDRESS PORT COUNT      takes COUNT datagrams; prints their bytes
traffic.py udp-send ADDRESS PORT COUNT SIZE  sends COUNT datagrams of SIZE bytes"""
import socket
import sys
import time


def tcp_serve(address, port, reply):
    with socket.create_server((address, int(port))) as listener:
        listener.settimeout(60)
        print("ready", flush=True)
        peer, _ = listener.accept()
        with peer:
            got = 0
            while chunk := peer.recv(65536):
                got += len(chunk)
            peer.sendall(bytes(int(reply)))
    print(got, flush=True)


def tcp_send(address, port, total, rate="0"):
    total, rate, sent, begin = int(total), float(rate), 0, time.monotonic()
    with socket.create_connection((address, int(port)), timeout=60) as peer:
        while sent < total:
            if rate:
                time.sleep(max(0.0, begin + sent / rate - time.monotonic()))
            chunk = bytes(min(8192, total - sent))
            peer.sendall(chunk)
            sent += len(chunk)
        peer.shutdown(socket.SHUT_WR)
        got = 0
        while chunk := peer.recv(65536):
            got += len(chunk)
    print(got, flush=True)


def udp_serve(address, port, count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, int(port)))
        sock.settimeout(60)
        print("ready", flush=True)
        print(sum(len(sock.recv(65536)) for _ in range(int(count))), flush=True)


def udp_send(address, port, count, size):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _ in range(int(count)):
            sock.sendto(bytes(int(size)), (address, int(port)))
            time.sleep(0.001)


if __name__ == "__main__":
    {"tcp-serve": tcp_serve, "tcp-send": tcp_send, "udp-serve": udp_serve,
     "udp-send": udp_send}[sys.argv[1]](*sys.argv[2:])
