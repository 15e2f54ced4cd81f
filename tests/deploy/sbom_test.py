# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""The bill of materials that `make sbom` writes: whole, sound, and the same twice."""

import hashlib
import json
import os
import pathlib
import re
import tempfile
import unittest

import support


class Sbom(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for tool in ("dpkg-query", "readelf", "ldd"):
            support.need_tool(tool)
        cls.program = pathlib.Path(os.environ["GOMAPD"])
        cls.bytes = [cls.written() for _ in range(2)]
        cls.bill = json.loads(cls.bytes[0])
        cls.packages = {package["name"]: package for package in cls.bill["packages"]}

    @classmethod
    def written(cls):
        with tempfile.TemporaryDirectory() as folder:
            output = pathlib.Path(folder) / "bill.json"
            run = support.run(support.ROOT / "scripts/sbom.py", cls.program.parent, output)
            assert run.returncode == 0, run.stdout
            return output.read_bytes()

    def relation(self, name):
        own = self.packages[name]["SPDXID"]
        return {row["relationshipType"] for row in self.bill["relationships"]
                if own in (row["spdxElementId"], row["relatedSpdxElement"])}

    def test_the_same_twice(self):
        self.assertEqual(*self.bytes)

    def test_is_of_this_program(self):
        (checksum,) = self.packages["gomapd"]["checksums"]
        self.assertEqual(checksum["checksumValue"], hashlib.sha256(self.program.read_bytes()).hexdigest())

    def test_has_what_spdx_2_3_asks_for(self):
        for field in ("spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace"):
            self.assertTrue(self.bill[field], field)
        self.assertEqual(self.bill["spdxVersion"], "SPDX-2.3")
        self.assertEqual(self.bill["dataLicense"], "CC0-1.0")
        self.assertRegex(self.bill["creationInfo"]["created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        for creator in self.bill["creationInfo"]["creators"]:
            self.assertRegex(creator, r"^(Person|Organization|Tool): .")
        for package in self.bill["packages"]:
            for field in ("SPDXID", "name", "versionInfo", "downloadLocation", "licenseConcluded", "copyrightText"):
                self.assertTrue(package[field], package)
            self.assertRegex(package["supplier"], r"^(Person|Organization): .")
        for file in self.bill["files"]:
            self.assertIn("SHA1", {one["algorithm"] for one in file["checksums"]})

    def test_ids_are_unique_and_meant(self):
        ids = [part["SPDXID"] for part in self.bill["packages"] + self.bill["files"]] + [self.bill["SPDXID"]]
        self.assertEqual(len(ids), len(set(ids)))
        for one in ids:
            self.assertRegex(one, r"^SPDXRef-[A-Za-z0-9.-]+$")
        for row in self.bill["relationships"]:
            self.assertIn(row["spdxElementId"], ids)
            self.assertIn(row["relatedSpdxElement"], ids)
        linked = {row[end] for row in self.bill["relationships"] for end in ("spdxElementId", "relatedSpdxElement")}
        self.assertEqual(linked, set(ids))

    def test_names_all_that_is_in_the_program(self):
        needed = re.findall(r"\(NEEDED\).*\[(.+)\]", support.run("readelf", "-dW", self.program).stdout)
        direct = [name for name in self.packages if "DYNAMIC_LINK" in self.relation(name)]
        files = "".join(support.run("dpkg-query", "-L", name).stdout for name in direct)
        for library in needed:
            self.assertIn(f"/{library}\n", files)
        self.assertIn("CONTAINS", self.relation("uplot"))
        if "libbpf.so" not in " ".join(needed):
            self.assertIn("STATIC_LINK", self.relation("libbpf-dev"))
        for name in ("nlohmann-json3-dev", "libcli11-dev", "libprotozero-dev"):
            self.assertIn("BUILD_DEPENDENCY_OF", self.relation(name))
        tools = [name for name in self.packages if "BUILD_TOOL_OF" in self.relation(name)]
        for tool in (r"^g\+\+|^clang", r"^clang", r"^bpftool|^linux-tools", r"^cmake", r"^ninja-build"):
            self.assertTrue([name for name in tools if re.match(tool, name)], tool)
        self.assertEqual([file["fileName"] for file in self.bill["files"]], ["./bpf/vmlinux.h"])


if __name__ == "__main__":
    support.main()
