#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""sbom.py BUILD OUTPUT

Writes the bill of materials of BUILD/gomapd as SPDX 2.3 in JSON: what it links, shared
or not, by the program itself and the build's link options; the libraries of which it only
includes headers, by the headers that the compiler read; parts of others in the source
tree; and the tools that made it. Versions are those of the distribution's installed
packages. The same build gives the same bytes: the time is SOURCE_DATE_EPOCH or the
last commit's.

Exit code: 0 written, 1 not (the reason on stderr)."""

import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Ours by the text, but facts of others: the kernel's layouts.
OWN_FILES = {"bpf/vmlinux.h": "GPL-2.0-only OR BSD-2-Clause"}


class Trouble(Exception):
    """What keeps the bill from being complete."""


def output_of(*command):
    run = subprocess.run([os.fsdecode(word) for word in command], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C"})
    if run.returncode != 0:
        raise Trouble(f"{command[0]}: {run.stderr.strip()[-300:]}")
    return run.stdout


def cached(build):
    """CMake's cache: name → value."""
    lines = (build / "CMakeCache.txt").read_text(encoding="utf-8").splitlines()
    return dict(re.match(r"([^:]+):[A-Z]+=(.*)", line).groups()
                for line in lines if re.match(r"[^#/][^:]*:[A-Z]+=", line))


def shared_libraries(program):
    """Real paths of all that the loader takes, and of those the ones the program names."""
    direct = set(re.findall(r"\(NEEDED\).*\[(.+)\]", output_of("readelf", "-dW", program)))
    paths = dict(re.findall(r"^\s*(\S+) => (/\S+)", output_of("ldd", program), re.MULTILINE))
    paths |= {pathlib.Path(path).name: path
              for path in re.findall(r"^\s*(/\S+) \(0x", output_of("ldd", program), re.MULTILINE)}
    lost = direct - paths.keys()
    if lost:
        raise Trouble(f"not found by the loader: {', '.join(sorted(lost))}")
    return set(paths.values()), {paths[name] for name in direct}


def headers(build, make):
    """Headers of the system that objects of the product include."""
    found, ours = set(), False
    for line in output_of(make, "-C", build, "-t", "deps").splitlines():
        if line and not line[0].isspace():
            ours = line.startswith(("probes/", "daemon/"))
        elif ours and line.strip().startswith("/usr/include/"):
            found.add(line.strip())
    return found


class Packages:
    """Which installed package of the distribution a file is of."""

    def __init__(self):
        self.installed = {}
        rows = output_of("dpkg-query", "-W", "-f", "${binary:Package}\t${Package}\t${Version}\t"
                         "${Architecture}\t${source:Package}\t${Maintainer}\n")
        for row in rows.splitlines():
            key, *facts = row.split("\t")
            self.installed[key] = self.installed[facts[0]] = facts
        with open("/etc/os-release", encoding="utf-8") as release:
            facts = dict(re.findall(r'^(\w+)="?([^"\n]*)', release.read(), re.MULTILINE))
        self.distribution, self.release = facts["ID"], facts.get("VERSION_ID", "rolling")

    def owning(self, paths):
        """Names of the packages that these files are of."""
        # A merged /usr: dpkg knows some by the names of before.
        tried = {name for path in map(os.fsdecode, paths) for real in {path, os.path.realpath(path)}
                 for name in (real, real.removeprefix("/usr"), "/usr" + real)}
        run = subprocess.run(["dpkg-query", "-S", *sorted(tried)], stdout=subprocess.PIPE, text=True,
                             stderr=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C"})
        owners = {}
        for line in run.stdout.splitlines():
            names, _, path = line.rpartition(": ")
            if not line.startswith("diversion "):
                owners[path] = names.split(", ")[0]
        found = set()
        for path in map(os.fsdecode, paths):
            real = os.path.realpath(path)
            of = next((owners[name] for name in (real, path, real.removeprefix("/usr"),
                       path.removeprefix("/usr"), "/usr" + real, "/usr" + path) if name in owners), None)
            if of is None:
                raise Trouble(f"{path} is of no installed package")
            found.add(of)
        return found

    def describe(self, key):
        name, version, architecture, source, maintainer = self.installed[key]
        return {
            "SPDXID": "SPDXRef-Package-" + re.sub(r"[^A-Za-z0-9.-]", "-", name),
            "name": name, "versionInfo": version, "supplier": "Organization: " + maintainer,
            "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
            "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION",
            "copyrightText": "NOASSERTION", "sourceInfo": f"built from the source package {source}",
            "externalRefs": [{
                "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                "referenceLocator": f"pkg:deb/{self.distribution}/{name}@{version.replace(':', '%3A')}"
                                    f"?arch={architecture}&distro={self.distribution}-{self.release}"}]}


def sha256(path):
    return {"algorithm": "SHA256", "checksumValue": hashlib.sha256(path.read_bytes()).hexdigest()}


def uplot():
    """The page's chart library, which is part of the program."""
    folder = ROOT / "daemon/page/vendor"
    text = (folder / "uPlot.esm.js").read_text(encoding="utf-8")
    version = re.search(r"\(v([0-9.]+)\)", text)
    if not version:
        raise Trouble("daemon/page/vendor/uPlot.esm.js tells no version")
    copyright_line = re.search(r"Copyright.*", (folder / "uPlot.LICENSE").read_text(encoding="utf-8"))
    return {
        "SPDXID": "SPDXRef-Package-uPlot", "name": "uplot", "versionInfo": version[1],
        "supplier": "Person: Leon Sorokin", "downloadLocation": "https://github.com/leeoniya/uPlot",
        "filesAnalyzed": False, "licenseConcluded": "MIT", "licenseDeclared": "MIT",
        "copyrightText": copyright_line[0], "comment": "uPlot.esm.js and uPlot.min.css, not changed",
        "checksums": [sha256(folder / "uPlot.esm.js")],
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                          "referenceLocator": f"pkg:npm/uplot@{version[1]}"}]}


def created():
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        try:
            epoch = output_of("git", "-C", ROOT, "log", "-1", "--format=%ct")
        except (Trouble, OSError):
            epoch = int((ROOT / "CMakeLists.txt").stat().st_mtime)
    return datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def bill(build):
    program, cache, packages = build / "gomapd", cached(build), Packages()
    if not program.exists():
        raise Trouble(f"no {program}: build it first")
    shared, direct = shared_libraries(program)
    static = {cache["LIBBPF_ARCHIVE"]} if cache.get("LIBBPF_ARCHIVE", "").endswith(".a") else set()
    tools = [cache[name] for name in ("CMAKE_CXX_COMPILER", "CLANG", "BPFTOOL", "CMAKE_COMMAND", "CMAKE_MAKE_PROGRAM")]
    version = cache["CMAKE_PROJECT_VERSION"]
    # A package has one relation, the closest: it is linked more than it is included.
    relations = {}
    for paths, relation in ((tools, "BUILD_TOOL_OF"), (headers(build, cache["CMAKE_MAKE_PROGRAM"]), "BUILD_DEPENDENCY_OF"),
                            (shared, "RUNTIME_DEPENDENCY_OF"), (direct, "DYNAMIC_LINK"), (static, "STATIC_LINK")):
        relations |= dict.fromkeys(packages.owning(paths), relation)
    own = {"SPDXID": "SPDXRef-Package-gomapd", "name": "gomapd", "versionInfo": version,
           "supplier": "Organization: The gomapd Authors", "downloadLocation": "NOASSERTION",
           "filesAnalyzed": False, "licenseConcluded": "Apache-2.0", "licenseDeclared": "Apache-2.0",
           "copyrightText": "Copyright The gomapd Authors", "primaryPackagePurpose": "APPLICATION",
           "checksums": [sha256(program)]}
    parts, related = [own, uplot()], [("SPDXRef-DOCUMENT", "DESCRIBES", own["SPDXID"]),
                                      (own["SPDXID"], "CONTAINS", "SPDXRef-Package-uPlot")]
    for key, relation in sorted(relations.items()):
        part = packages.describe(key)
        parts.append(part)
        ends = (part["SPDXID"], own["SPDXID"])
        related.append((ends[0], relation, ends[1]) if relation.endswith("_OF") else (ends[1], relation, ends[0]))
    files = []
    for name, license_name in OWN_FILES.items():
        sha1 = {"algorithm": "SHA1", "checksumValue": hashlib.sha1((ROOT / name).read_bytes()).hexdigest()}
        files.append({"SPDXID": "SPDXRef-File-" + re.sub(r"[^A-Za-z0-9.-]", "-", name), "fileName": "./" + name,
                      "checksums": [sha1, sha256(ROOT / name)], "licenseConcluded": license_name,
                      "licenseInfoInFiles": license_name.split(" OR "), "copyrightText": "Copyright The gomapd Authors"})
        related.append((own["SPDXID"], "GENERATED_FROM", files[-1]["SPDXID"]))
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"gomapd-{version}",
        # Any name will do that no other document has: that of the program's own bits.
        "documentNamespace": f"https://gomapd.invalid/spdx/gomapd-{version}-{own['checksums'][0]['checksumValue']}",
        "creationInfo": {"created": created(), "creators": ["Organization: The gomapd Authors", "Tool: scripts/sbom.py"]},
        "packages": parts, "files": files,
        "relationships": [{"spdxElementId": a, "relationshipType": b, "relatedSpdxElement": c} for a, b, c in related]}


def main():
    if len(sys.argv) != 3:
        sys.exit("sbom.py: which build folder, and which output?")
    try:
        text = json.dumps(bill(pathlib.Path(sys.argv[1])), indent=2, sort_keys=True, ensure_ascii=False)
    except (Trouble, OSError, KeyError) as trouble:
        sys.exit(f"sbom.py: {trouble!r}" if isinstance(trouble, KeyError) else f"sbom.py: {trouble}")
    pathlib.Path(sys.argv[2]).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
