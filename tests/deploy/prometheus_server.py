# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""A Prometheus of a test's own: on loopback, in a folder that goes with the test."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class PrometheusServer:
    """Runs from its making to stop(). Data and log go to the configuration's folder."""

    def __init__(self, binary, config, niceness=0):
        folder = pathlib.Path(config).parent
        self.port = free_port()
        self.log = open(folder / "prometheus.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [binary, f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{self.port}"],
            stdout=self.log, stderr=self.log, preexec_fn=lambda: os.nice(niceness))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def ask(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}?{query}", timeout=60) as answer:
            return json.load(answer)["data"]

    def series(self, expression):
        """[(labels, value)] of an instant query."""
        return [(one["metric"], float(one["value"][1]))
                for one in self.ask("/api/v1/query", query=expression)["result"]]

    def value(self, expression):
        """The value of an expression that has one; None where it has none."""
        found = self.series(expression)
        return found[0][1] if len(found) == 1 else None

    def wait_until(self, holds, seconds=120):
        """Whether holds() comes true in that time. It may ask a server that isn't up yet."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                self.log.seek(0)
                raise AssertionError("prometheus ended: " + self.log.read()[-2000:])
            try:
                if holds():
                    return True
            except OSError:
                pass
            time.sleep(0.25)
        return False
