# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""Hosts that the page is shown: answers of the form of docs/API.md, for states that a
real daemon can't be brought into at will."""

import hashlib
import math
import random
import time

SECOND = 1_000_000_000
MINUTES_15 = 900


class NotFound(Exception):
    """404: there is no such workload or map."""


def identity(exe, unit, container):
    return hashlib.sha256(f"{exe}\0{unit}\0{container}".encode()).hexdigest()[:16]


def history(now_ns, rate_at):
    """A point every five seconds, at the same moments for all; `rate_at(seconds ago)`."""
    step = 5 * SECOND
    last = now_ns // step * step
    return [[at, round(rate_at((now_ns - at) / SECOND), 1)] for at in range(last - MINUTES_15 * SECOND, last + 1, step)]


def durations(growths, centre):
    bounds = [1000 << (2 * i) for i in range(13)]
    weights = [math.exp(-((i - centre) ** 2) / 2.2) for i in range(14)]
    counts = [int(growths * weight / sum(weights)) for weight in weights]
    counts[centre] += growths - sum(counts)
    return {"bounds_ns": bounds, "counts": counts}


class Workload:
    def __init__(self, exe, unit="", container="", rate=10.0, impl="swiss", go="go1.26.3",
                 processes=1, storm_for=0, overhead=0.0004, detail="growth", pid=0, estimated=0):
        self.exe, self.unit, self.container, self.rate = exe, unit, container, rate
        self.impl, self.go, self.processes, self.storm_for = impl, go, processes, storm_for
        self.overhead, self.detail, self.pid = overhead, detail, pid
        self.estimated = estimated
        self.id = identity(exe, unit, container)
        self.seed = int(self.id, 16)

    def rate_at(self, now_ns, ago):
        at = now_ns / SECOND - ago
        wave = 1 + 0.35 * math.sin(at / 70 + self.seed % 7) + 0.12 * math.sin(at / 23 + self.seed % 5)
        storm = 14 if ago < self.storm_for else 1
        return max(0.0, self.rate * wave * storm)

    def json(self, now_ns):
        points = history(now_ns, lambda ago: self.rate_at(now_ns, ago))
        growths = int(sum(5 * rate for _, rate in points)) + 1000
        kinds = (("double", "same_size") if self.impl == "classic"
                 else ("table_double", "to_table", "split"))
        shares = (0.93, 0.07) if self.impl == "classic" else (0.74, 0.25, 0.01)
        by_kind = {kind: int(growths * share) for kind, share in zip(kinds, shares)}
        by_kind[kinds[0]] += growths - sum(by_kind.values())
        return {
            "id": self.id, "exe": self.exe, "unit": self.unit, "container_id": self.container,
            "pid": self.pid or None,
            "processes": [{"pid": 4000 + self.seed % 20000 + i, "go_version": self.go,
                           "since_ns": now_ns - (3600 + 7 * i) * SECOND} for i in range(self.processes)],
            "growths": growths, "estimated_growths": self.estimated,
            "estimated_growths_error": self.estimated // 30, "estimated_bytes": self.estimated * 1650, "by_kind": by_kind, "impl": [self.impl],
            "in_progress": 2 if self.impl == "classic" else 0, "bytes": growths * 1650,
            "growing_ns": growths * 2200, "slowest_ns": 18_400_000,
            "evacuated_buckets": growths * 40 if self.impl == "classic" else 0,
            "durations": durations(growths, 2 if self.impl == "swiss" else 3),
            "growths_per_second": round(self.rate_at(now_ns, 0), 1),
            "storm": self.storm_for > 0,
            "storm_since_ns": now_ns - self.storm_for * SECOND if self.storm_for else 0,
            "overhead_ratio": self.overhead, "detail": self.detail, "history": points,
        }


def site(workload, function, file, line, map_type, growths, rate=0.0, largest=100, tracked=None):
    share = workload.estimated // 5
    return {"workload": workload.id, "function": function, "file": file, "line": line,
            "map_type": map_type, "growths": growths, "bytes": growths * 1593,
            "estimated_growths": share, "estimated_bytes": share * 1593,
            "growing_ns": growths * 2210, "slowest_ns": 473_600, "max_keys": largest,
            "growths_per_second": rate, "tracked": tracked}


def stack(site_, *frames):
    """Frames from the outermost caller on; the site's own function comes last."""
    return (site_, [*frames, site_["function"]])


def tree(stacks):
    def node(name, kind):
        return {"name": name, "kind": kind, "growths": 0, "bytes": 0, "growing_ns": 0, "children": {}}

    def add(to, of, share):
        to["growths"] += int(of["growths"] * share)
        to["bytes"] += int(of["bytes"] * share)
        to["growing_ns"] += int(of["growing_ns"] * share)

    def listed(one):
        one["children"] = [listed(child) for _, child in sorted(one["children"].items())]
        return one

    root = node("", "root")
    for of, frames in stacks:
        at = root
        add(at, of, 1)
        for name, kind in [(frame, "function") for frame in frames] + [(of["map_type"], "map_type")]:
            at = at["children"].setdefault(name, node(name, kind))
            add(at, of, 1)
    return listed(root)


def cells(n, filled, moved=lambda i: 0.0, overflow=lambda i: 0.0):
    return [[round(filled(i), 3), round(moved(i), 3), round(overflow(i), 3)] for i in range(n)]


class ClassicMap:
    """Grows from 1,024 buckets to 2,048 within `migrates_s`, rests, and grows again."""

    def __init__(self, workload, migrates_s=6.0, rests_s=4.0):
        self.workload, self.migrates_s, self.rests_s = workload, migrates_s, rests_s
        self.began = time.time()
        self.pid, self.address = 4711, "0xc0001a4000"
        jitter = random.Random(7)
        self.noise = [jitter.uniform(-0.12, 0.12) for _ in range(512)]

    def moved(self):
        at = (time.time() - self.began) % (self.migrates_s + self.rests_s)
        return min(1.0, at / self.migrates_s)

    def row(self, now_ns):
        moved = self.moved()
        growing = moved < 1
        keys = int(6_656 + 2_500 * moved)
        return {"workload": self.workload.id, "pid": self.pid, "map": self.address,
                "map_type": "map[string]*cart.Item", "impl": "classic", "function": "shop/cart.(*Cache).Put",
                "keys": keys, "buckets": 2048, "load_factor": round(keys / 2048, 3),
                "bytes": 2048 * 208 + (1024 * 208 if growing else 0),
                "overflow_buckets": int(130 * (1 - moved)), "tombstones": 0,
                "old_buckets": 1024 if growing else 0,
                "evacuated_buckets": int(1024 * moved) if growing else 0, "sampled_ns": now_ns}

    def picture(self, now_ns):
        moved = self.moved()
        front = moved * 256
        part = lambda i: min(1.0, max(0.0, front - i))
        # Old part i goes to the new parts i/2 and 128 + i/2.
        arrived = lambda i: min(1.0, max(0.0, front / 2 - i % 128))
        old = {"buckets": 1024, "cells": cells(256, lambda i: min(1.0, 0.81 + self.noise[i]), part,
                                              lambda i: max(0.0, self.noise[i] * 5))}
        current = {"buckets": 2048, "cells": cells(256, lambda i: (0.42 + self.noise[i + 256]) * arrived(i))}
        return {**self.row(now_ns), "is_same_size": False, "current": current,
                "old": old if moved < 1 else None, "tables": [], "groups": None}


class SwissMap:
    def __init__(self, workload, address="0xc000510000", tables=24):
        self.workload, self.pid, self.address, self.n = workload, 4712, address, tables
        self.began = time.time()

    def tables(self):
        chance = random.Random(3)
        used = 0.5 + 0.35 * ((time.time() - self.began) % 20) / 20
        return [{"capacity": 1024 if i < self.n - 2 else 256, "local_depth": 5, "tombstones": chance.randrange(40),
                 "used": int((1024 if i < self.n - 2 else 256) * min(0.87, used + chance.uniform(-0.1, 0.1)))}
                for i in range(self.n)]

    def row(self, now_ns):
        tables = self.tables()
        keys, slots = sum(one["used"] for one in tables), sum(one["capacity"] for one in tables)
        return {"workload": self.workload.id, "pid": self.pid, "map": self.address,
                "map_type": "map[uint64]*session.Session", "impl": "swiss",
                "function": "session.(*Table).Login", "keys": keys, "buckets": slots,
                "load_factor": round(keys / slots, 3), "bytes": slots * 17,
                "overflow_buckets": 0, "tombstones": sum(one["tombstones"] for one in tables),
                "old_buckets": 0, "evacuated_buckets": 0, "sampled_ns": now_ns}

    def picture(self, now_ns):
        return {**self.row(now_ns), "is_same_size": False, "current": None, "old": None,
                "tables": self.tables(), "groups": None}


class Host:
    """A daemon's answers. `began_ns` is that of the daemon, and another one after a restart."""

    def __init__(self):
        self.began_ns = time.time_ns() - 7300 * SECOND
        self.workloads, self.sites, self.stacks, self.maps = [], [], [], []
        self.ready, self.not_ready_why = True, ""
        self.processes = {"traced": 0, "skipped": 3, "failed": 0}
        self.failures, self.limits, self.events_lost = {}, {}, 0

    def status(self, now):
        rows = [one.json(now) for one in self.workloads]
        total = [[point[0], sum(row["history"][i][1] for row in rows)]
                 for i, point in enumerate(rows[0]["history"])] if rows else []
        limits = {"sites": 0, "stacks": 0, "counters": 0, "workloads": 0, "process_events": 0}
        return {"version": "0.1.0", "kernel": "6.12.48", "attach_method": "uprobe_multi",
                "began_ns": self.began_ns, "running_ns": time.time_ns() - self.began_ns,
                "ready": self.ready, "not_ready_why": self.not_ready_why,
                "processes": {**self.processes, "traced": sum(one.processes for one in self.workloads)},
                "attach_failures": self.failures,
                "probe_hits": {"growth_start": sum(row["growths"] for row in rows),
                               "growth_end": sum(row["growths"] for row in rows)},
                "events_lost": self.events_lost, "model_divergences": 0,
                "limits": {**limits, **self.limits}, "max_overhead": 0.01,
                "growths": sum(row["growths"] for row in rows),
                "growths_per_second": sum(row["growths_per_second"] for row in rows),
                "storms": sum(row["storm"] for row in rows), "history": total}

    def mine(self, rows, workload):
        if workload and all(one.id != workload for one in self.workloads):
            raise NotFound(f"no workload {workload}")
        return [row for row in rows if not workload or row["workload"] == workload]

    def answer(self, path, parameters, now):
        workload = parameters.get("workload", "")
        if path == "status":
            return self.status(now)
        if path == "workloads":
            return {"workloads": [one.json(now) for one in self.workloads]}
        if path == "sites":
            found = self.mine(self.sites, workload)
            return {"sites": sorted(found, key=lambda one: -one["growths"])}
        if path == "maps":
            found = self.mine([one.row(now) for one in self.maps], workload)
            return {"maps": sorted(found, key=lambda one: -one["bytes"])}
        if path == "flamegraph":
            return {"root": tree(self.stacks_of(workload, parameters))}
        if path == "map":
            for one in self.maps:
                if (str(one.pid), one.address) == (parameters.get("pid"), parameters.get("map")):
                    return one.picture(now)
        raise NotFound(f"no {path} of this name")

    def stacks_of(self, workload, parameters):
        self.mine([], workload)
        wanted = {name: parameters[name] for name in ("function", "file", "line", "map_type")
                  if name in parameters}
        return [one for one in self.stacks
                if (not workload or one[0]["workload"] == workload)
                and all(str(one[0][name]) == value for name, value in wanted.items())]


def empty():
    return Host()


def busy(storm_for=0):
    """A host as there are many: a handful of services."""
    host = Host()
    shop = Workload("checkout", "checkout.service", rate=180, processes=4, impl="classic",
                    go="go1.22.10", storm_for=storm_for, overhead=0.0061)
    sessions = Workload("sessiond", container="b2a7c19f4e5d6a7b8c9d0e1f2a3b4c5d", rate=96, processes=2)
    others = [Workload("prometheus", "prometheus.service", rate=22, overhead=0.0009),
              Workload("caddy", "caddy.service", rate=9, go="go1.25.4"),
              Workload("node_exporter", "node-exporter.service", rate=4, go="go1.23.5", impl="classic"),
              Workload("gopls", "user@1000.service", rate=31, go="go1.27.0", overhead=0.0124, detail="sampled", estimated=12_300),
              Workload("etcd", container="77aa1b2c3d4e5f60718293a4b5c6d7e8", rate=13, processes=3)]
    host.workloads = [shop, sessions, *others]
    http = ["net/http.(*conn).serve", "net/http.serverHandler.ServeHTTP", "net/http.(*ServeMux).ServeHTTP",
            "net/http.HandlerFunc.ServeHTTP"]
    parse = site(shop, "shop/checkout.parseForm", "/src/shop/checkout/form.go", 41, "map[string][]string", 70_040, 91.5, 56)
    prices = site(shop, "shop/checkout.(*Pricer).index", "/src/shop/checkout/price.go", 118, "map[shop/checkout.SKU]shop/checkout.Price",
                  38_112, 60, 812)
    cache = site(shop, "shop/cart.(*Cache).Put", "/src/shop/cart/cache.go", 77, "map[string]*cart.Item", 312, 0.2, 9_156,
                 {"maps": 4, "keys": 9156, "load_factor": 4.47, "overflow_buckets": 130})
    labels = site(others[0], "github.com/prometheus/prometheus/tsdb.(*Head).getOrCreate", "/src/tsdb/head.go", 1733,
                  "map[uint64]*tsdb.memSeries", 9_021, 11, 262_144,
                  {"maps": 512, "keys": 1790, "load_factor": 0.84, "overflow_buckets": 0})
    login = site(sessions, "session.(*Table).Login", "/src/session/table.go", 38, "map[uint64]*session.Session", 4_021, 2.4, 18_102,
                 {"maps": 2, "keys": 18102, "load_factor": 0.86, "overflow_buckets": 0})
    decode = site(sessions, "encoding/json.(*decodeState).object", "/usr/lib/go/src/encoding/json/decode.go", 658,
                  "map[string]interface {}", 51_009, 66, 29)
    host.sites = [parse, prices, cache, labels, login, decode]
    host.stacks = [
        stack(parse, *http, "shop/checkout.(*Server).post", "shop/checkout.(*Server).order"),
        stack(prices, *http, "shop/checkout.(*Server).post", "shop/checkout.(*Server).order", "shop/checkout.(*Pricer).total"),
        stack(cache, *http, "shop/checkout.(*Server).post", "shop/cart.(*Cache).Load"),
        stack(labels, "main.main.func16", "github.com/oklog/run.(*Group).Run.func1", "github.com/prometheus/prometheus/scrape.(*scrapeLoop).run",
              "github.com/prometheus/prometheus/scrape.(*scrapeLoop).append"),
        stack(login, *http, "session.(*API).login"),
        stack(decode, *http, "session.(*API).login", "encoding/json.Unmarshal", "encoding/json.(*decodeState).value"),
    ]
    chance = random.Random(11)
    for one in others:
        for i in range(5):
            extra = site(one, f"{one.exe}/internal/store.(*Index{i}).add", f"/src/{one.exe}/store/index{i}.go", 20 + 7 * i,
                         chance.choice(["map[string]int", "map[[2]uint32]string", "map[netip.Addr]*store.peer"]),
                         chance.randrange(40, 3000), chance.random() * 3, chance.randrange(9, 4000))
            host.sites.append(extra)
            host.stacks.append(stack(extra, "main.main", f"{one.exe}/internal/server.(*Server).Run",
                                     *chance.sample(["runtime.mapassign", "sync.(*Once).Do", f"{one.exe}/internal/store.(*DB).commit",
                                                     f"{one.exe}/internal/queue.(*Worker).loop"], 2)))
    host.maps = [ClassicMap(shop), SwissMap(sessions), SwissMap(others[0], "0xc000b00000", 180),
                 SwissMap(others[4], "0xc000c00000", 1)]
    return host


def hostile():
    """What a traced program may call its functions, types and units."""
    host = Host()
    evil = Workload("<img src=x onerror=document.title='broken'>", "a\u202egnp.service", rate=3)
    host.workloads = [evil]
    name = "<script>document.title='broken'</script>.(*T[go.shape.struct { a/b.c \"x\" }]).f"
    bad = site(evil, name, "/src/\"><b>x</b>&amp;.go", 7, "map[string]struct { A int \"json:\\\"</td>\\\"\" }", 12)
    long = site(evil, "x" * 60_000, "", 0, "", 3)
    host.sites = [bad, long]
    host.stacks = [stack(bad, *[f"deep.f{i}" for i in range(64)]), stack(long, "javascript:alert(1)")]
    return host


def thousand():
    """A thousand sites of forty workloads."""
    host = Host()
    host.workloads = [Workload(f"service-{i:02}", f"service-{i:02}.service", rate=1 + i) for i in range(40)]
    for i in range(1000):
        one = site(host.workloads[i % 40], f"example.com/service/pkg{i % 37}.(*Type{i}).method{i % 11}",
                   f"/src/pkg{i % 37}/file{i % 5}.go", 10 + i, f"map[string]*pkg{i % 37}.Value{i % 13}",
                   200_000 // (i + 1) + i % 7, (1000 - i) / 100, i * 3)
        host.sites.append(one)
        host.stacks.append(stack(one, "main.main", f"example.com/service/pkg{i % 37}.Run", f"example.com/service/pkg{i % 37}.step{i % 23}"))
    host.processes["failed"] = 2
    host.failures = {"packed by UPX": 2}
    host.limits = {"sites": 118}
    return host


def storm():
    host = busy(storm_for=95)
    host.failures = {"packed by UPX": 1}
    return host


def not_ready():
    host = busy()
    host.ready, host.not_ready_why = False, "probes can't be attached: CAP_BPF is missing"
    host.events_lost = 1204
    return host
