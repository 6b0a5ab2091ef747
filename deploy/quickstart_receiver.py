#!/usr/bin/env python3
"""A webhook receiver for the quickstart: listens on a free port of 127.0.0.1, prints `port N`, then each
alert that arrives as one line of JSON with the time it came. It ends with its standard input, so that it
never outlives the script that started it."""
import http.server
import json
import sys
import threading
import time


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = min(int(self.headers.get("Content-Length", 0)), 1 << 20)
        try:
            body = json.loads(self.rfile.read(length))
        except ValueError:
            self.send_error(400, "expected JSON")
            return
        self.send_response(204)
        self.end_headers()
        print(json.dumps({"received": time.time(), "body": body}), flush=True)

    def log_message(self, format, *args):
        pass


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    print(f"port {server.server_address[1]}", flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


main()
