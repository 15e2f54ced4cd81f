// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// What the page knows, and who is to be told when some of it changes: once a frame.

export class Store {
  constructor() {
    this.status = null;
    this.workloads = [];
    this.byId = new Map();
    this.haveWorkloads = false;
    this.sites = null; // {key, time_ns, sites}
    this.maps = null; // {key, time_ns, maps}
    this.flame = null; // {key, root}
    this.map = null; // {key, picture, gone}
    this.route = { view: 'workloads' };
    this.hash = null; // that the route was made of
    this.filter = '';
    this.timeNs = 0;
    this.listeners = [];
    this.due = false;
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  changed() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      for (const listener of this.listeners) listener();
    });
  }

  setStatus(status) {
    this.status = status;
    this.timeNs = status.time_ns;
    this.changed();
  }

  setWorkloads(body) {
    this.workloads = body.workloads;
    this.byId = new Map(body.workloads.map((one) => [one.id, one]));
    this.haveWorkloads = true;
    this.changed();
  }

  // The workload that is looked at; null: all.
  get workload() {
    return this.byId.get(this.route.workload) ?? null;
  }

  get storms() {
    return this.workloads
      .filter((one) => one.storm)
      .sort((a, b) => b.growths_per_second - a.growths_per_second);
  }
}

export function workloadName(workload) {
  return workload.exe;
}

// Unit, container and PID: what tells two of the same executable apart.
export function workloadPlace(workload) {
  const parts = [];
  if (workload.unit) parts.push(workload.unit);
  if (workload.container_id) parts.push(`container ${workload.container_id.slice(0, 12)}`);
  if (workload.pid) parts.push(`PID ${workload.pid}`);
  return parts.join(' · ');
}
