#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""A server that gives the page's files and a scenario's answers.

    fake_daemon.py SCENARIO [PORT]     one of scenarios.py, to look at in a browser
"""

import http.server
import json
import mimetypes
import pathlib
import re
import sys
import threading
import time
import urllib.parse

import scenarios

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "daemon/page"
CHECKS = pathlib.Path(__file__).resolve().parent / "checks"


def content_security_policy():
    """The daemon's own."""
    text = (ROOT / "daemon/app/page.cpp").read_text()
    found = re.search(r"kContentSecurityPolicy =\s*((?:\"[^\"]*\"\s*)+);", text)
    return "".join(re.findall(r'"([^"]*)"', found[1]))


class FakeDaemon:
    """Serves from start() to stop(); its port stays the same after another start()."""

    def __init__(self, host, port=0):
        self.host, self.port, self.server = host, port, None
        self.asked = []  # paths, in their order

    def start(self):
        daemon = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            policy = content_security_policy()

            def log_message(self, *_):
                pass

            def do_GET(self):
                daemon.asked.append(self.path)
                url = urllib.parse.urlsplit(self.path)
                if url.path.startswith("/api/v1/"):
                    return self.api(url)
                return self.file(url.path)

            def api(self, url):
                now = time.time_ns()
                parameters = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
                try:
                    body, status = daemon.host.answer(url.path.removeprefix("/api/v1/"), parameters, now), 200
                except scenarios.NotFound as error:
                    body, status = {"error": str(error)}, 404
                return self.give(status, "application/json", json.dumps({"time_ns": now, **body}).encode())

            def file(self, path):
                folder, name = PAGE, path.removeprefix("/page/")
                if path == "/":
                    name = "index.html"
                elif path.startswith("/checks/"):
                    folder, name = CHECKS, path.removeprefix("/checks/")
                target = (folder / name).resolve()
                if folder not in target.parents or not target.is_file():
                    return self.give(404, "text/plain", b"no such file\n")
                kind = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0]
                return self.give(200, kind or "text/plain", target.read_bytes())

            def give(self, status, kind, body):
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(body)))
                    self.send_header("Content-Security-Policy", self.policy)
                    self.send_header("Cache-Control", "no-store")
                    self.end_headers()
                    self.wfile.write(body)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # the browser has gone on

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def __init__(self, *arguments):
                super().__init__(*arguments)
                self.connections = set()

            def process_request(self, request, address):
                self.connections.add(request)
                super().process_request(request, address)

            def handle_error(self, request, address):
                pass  # a connection that was cut

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        """As if it had been killed: open connections go, too."""
        self.server.shutdown()
        self.server.server_close()
        for connection in self.server.connections:
            try:
                connection.shutdown(2)
            except OSError:
                pass

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"


if __name__ == "__main__":
    fake = FakeDaemon(getattr(scenarios, sys.argv[1])(), int(sys.argv[2]) if len(sys.argv) > 2 else 0).start()
    print(fake.url, flush=True)
    time.sleep(3600)
