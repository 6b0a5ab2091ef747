#!/usr/bin/env python3
"""receiver.py ADDRESS FILE [STATUS ...]: an HTTP receiver. Answers the n-th POST with the n-th STATUS
(204 when the list is over), writes each as a line of JSON to FILE, and the port as its first line."""
import http.server
import json
import sys


def main():
    address, path, plan = sys.argv[1], sys.argv[2], [int(word) for word in sys.argv[3:]]
    out = open(path, "a", buffering=1)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 1 << 20))
            status = plan.pop(0) if plan else 204
            out.write(json.dumps({"status": status, "headers": dict(self.headers), "path": self.path,
                                  "text": body.decode("utf-8", "replace")}) + "\n")
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format, *args):
            pass

    server = http.server.ThreadingHTTPServer((address, 0), Handler)
    out.write(json.dumps({"port": server.server_address[1]}) + "\n")
    server.serve_forever()


main()
