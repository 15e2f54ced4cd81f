#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""The systemd unit, its generator, and what documents say of them."""

import os
import pathlib
import re
import stat
import tempfile
import unittest

import support

UNIT = support.DEPLOY / "systemd/gomapd.service"
GENERATOR = support.DEPLOY / "systemd/gomapd-generator"
DOCUMENT = support.ROOT / "docs/DEPLOYMENT.md"
# What `systemd-analyze security` may say at most, in tenths: 10 is no sandbox at all.
WORST_EXPOSURE = 22


class Unit(unittest.TestCase):
    def setUp(self):
        self.analyze = support.need_tool("systemd-analyze")

    def test_verifies(self):
        with tempfile.TemporaryDirectory() as folder:
            # The program and its man page are not installed here.
            unit = pathlib.Path(folder) / "gomapd.service"
            unit.write_text(UNIT.read_text().replace("/usr/sbin/gomapd", "/bin/true"))
            result = support.run(self.analyze, "verify", "--man=no", unit)
        complaints = [line for line in result.stdout.splitlines() if "gomapd" in line]
        self.assertEqual(complaints, [])

    def test_socket_verifies(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("gomapd.service", "gomapd.socket"):
                text = (UNIT.parent / name).read_text().replace("/usr/sbin/gomapd", "/bin/true")
                (pathlib.Path(folder) / name).write_text(text)
            result = support.run(self.analyze, "verify", "--man=no", f"{folder}/gomapd.socket")
        self.assertEqual([line for line in result.stdout.splitlines() if "gomapd" in line], [])

    def test_knows_each_directive(self):
        result = support.run(self.analyze, "verify", "--man=no", UNIT)
        self.assertNotRegex(result.stdout, "Unknown (key|lvalue|section)|Failed to parse")

    def test_exposure_is_as_documented(self):
        result = support.run(self.analyze, "security", "--offline=yes",
                             f"--threshold={WORST_EXPOSURE}", "--no-pager", UNIT)
        self.assertEqual(result.returncode, 0, result.stdout)
        score = re.search(r"exposure level for gomapd.service: (\d+\.\d)", result.stdout)
        self.assertIsNotNone(score, result.stdout)
        if " 252 " in support.run(self.analyze, "--version").stdout.splitlines()[0]:
            self.assertIn(f"**{score[1]}**", DOCUMENT.read_text())

    def test_each_directive_left_out_has_its_reason(self):
        """What systemd-analyze marks and the unit could set is spoken of in the unit."""
        text = UNIT.read_text()
        for directive in ("ProtectProc=", "ProcSubset=", "PrivateUsers=", "PrivateNetwork=",
                          "IPAddressDeny=", "RestrictFileSystems=", "RootDirectory="):
            self.assertIn(f"{directive}", text)


class Capabilities(unittest.TestCase):
    def test_ambient_are_the_bounding_ones(self):
        self.assertEqual(support.unit_capabilities("AmbientCapabilities"),
                         support.unit_capabilities())

    def test_document_has_a_row_for_each(self):
        rows = re.findall(r"^\| `CAP_([A-Z_]+)` \|", DOCUMENT.read_text(), re.MULTILINE)
        self.assertEqual(rows, support.unit_capabilities() + ["SYS_ADMIN"])


class Generator(unittest.TestCase):
    def drop_in(self, release):
        """What it writes on a kernel of that release; None if nothing."""
        with tempfile.TemporaryDirectory() as folder:
            fake = pathlib.Path(folder) / "uname"
            fake.write_text(f"#!/bin/sh\necho '{release}'\n")
            fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
            out = pathlib.Path(folder) / "out"
            result = support.run(GENERATOR, out, out, out,
                                 env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"})
            self.assertEqual((result.returncode, result.stdout), (0, ""), release)
            files = [path for path in out.rglob("*") if path.is_file()]
            self.assertLessEqual(len(files), 1)
            return files[0].read_text() if files else None

    def test_adds_sys_admin_before_6_6(self):
        for release in ("5.15.0-119-generic", "6.1.0-25-amd64", "6.5.13", "5.4"):
            written = self.drop_in(release)
            self.assertIsNotNone(written, release)
            self.assertIn("CapabilityBoundingSet=CAP_SYS_ADMIN\n", written)
            self.assertIn("AmbientCapabilities=CAP_SYS_ADMIN\n", written)

    def test_adds_nothing_from_6_6_on(self):
        for release in ("6.6.0", "6.12.48+deb13-amd64", "6.18.1", "7.0-rc1", "10.0.0"):
            self.assertIsNone(self.drop_in(release), release)

    def test_adds_nothing_where_the_release_is_no_number(self):
        for release in ("", "next", "6", "x.y.z"):
            self.assertIsNone(self.drop_in(release), release)


if __name__ == "__main__":
    support.main()
