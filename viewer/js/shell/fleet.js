// Home: every host and every guest at a glance, those with problems first. A click leads to the object's board.
// It lives on recorded series alone (prometheus/rules), so it looks the same whatever exporter feeds them.

import { strings } from "../strings.js";
import { query } from "../api.js";
import { param, setParams, withRange } from "../state.js";
import { el, icon, link, segments, setAttribute, setText } from "./dom.js";

const words = strings.fleet;

const questions = {
  hosts: '{__name__=~"node:(up:max|cpu_utilization:avg5m|memory_utilization:ratio|uptime:seconds|guests_running:count)"}',
  hostDisks: "max by (cluster, node) (node_filesystem:utilization:ratio)",
  guests: '{__name__=~"vm:(info|up:max|cpu_utilization:avg5m|memory_utilization:ratio)"}',
  guestDisks: "max by (cluster, vm_id) (vm_volume:disk_utilization:ratio)",
  alerts: 'ALERTS{alertstate="firing",severity=~"critical|warning"}',
};

const rank = { critical: 0, down: 0, warning: 1, unknown: 2, running: 3, up: 3, stopped: 4 };
const byName = (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }) || a.key.localeCompare(b.key);
const orders = {
  problems: (a, b) => rank[a.worst] - rank[b.worst] || byName(a, b),
  cpu: (a, b) => (b.cpu ?? -1) - (a.cpu ?? -1) || byName(a, b),
  memory: (a, b) => (b.memory ?? -1) - (a.memory ?? -1) || byName(a, b),
  name: byName,
  host: (a, b) => a.cluster.localeCompare(b.cluster) || a.node.localeCompare(b.node, undefined, { numeric: true }) || byName(a, b),
};

const finite = (text) => {
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
};

/** Hosts and guests out of the answers. Two views of a guest's memory exist: the one from inside counts no cache as use, so it goes first. */
const assemble = (answers) => {
  const hosts = new Map();
  const guests = new Map();
  const host = ({ cluster = "", node = "" }) => {
    const key = `${cluster}/${node}`;
    if (!hosts.has(key)) hosts.set(key, { key, cluster, node, name: node, state: "unknown", alerts: [] });
    return hosts.get(key);
  };
  const guestKey = (labels) => `${labels.cluster}/${labels.vm_id}`;

  for (const { metric, value } of answers.hosts) {
    const number = finite(value[1]);
    const one = host(metric);
    if (metric.__name__ === "node:up:max") one.state = number === 0 ? "down" : "up";
    else if (metric.__name__ === "node:cpu_utilization:avg5m") one.cpu = number;
    else if (metric.__name__ === "node:memory_utilization:ratio") one.memory = number;
    else if (metric.__name__ === "node:uptime:seconds") one.uptime = number;
    else one.guests = number;
  }
  for (const { metric, value } of answers.hostDisks) host(metric).disk = finite(value[1]);

  const inside = new Set();
  for (const { metric, value } of answers.guests) {
    const key = guestKey(metric);
    if (!guests.has(key)) {
      guests.set(key, { key, cluster: metric.cluster ?? "", node: metric.node ?? "", id: metric.vm_id ?? "", name: metric.vm_name || metric.vm_id || "", state: "unknown", alerts: [] });
    }
    const one = guests.get(key);
    const number = finite(value[1]);
    if (metric.__name__ === "vm:up:max") {
      one.state = number === 0 ? "stopped" : "running";
      one.node = metric.node ?? one.node;
    } else if (metric.__name__ === "vm:cpu_utilization:avg5m") {
      if (metric.source === "hypervisor" || one.cpu === undefined) one.cpu = number;
    } else if (metric.__name__ === "vm:memory_utilization:ratio") {
      if (metric.source === "guest" || !inside.has(key)) one.memory = number;
      if (metric.source === "guest") inside.add(key);
    }
  }
  for (const { metric, value } of answers.guestDisks) {
    const one = guests.get(guestKey(metric));
    if (one) one.disk = finite(value[1]);
  }
  const unplaced = [];
  for (const { metric } of answers.alerts) {
    const alert = { name: metric.alertname, severity: metric.severity };
    const owner = metric.vm_id ? guests.get(guestKey(metric)) : metric.node ? hosts.get(`${metric.cluster ?? ""}/${metric.node}`) : null;
    (owner?.alerts ?? unplaced).push(alert);
  }
  for (const one of [...hosts.values(), ...guests.values()]) {
    one.alerts.sort((a, b) => rank[a.severity] - rank[b.severity] || a.name.localeCompare(b.name));
    const severity = one.alerts[0]?.severity;
    one.worst = severity ?? one.state;
    // A stopped guest uses nothing: what is still known of it is of before.
    if (one.state === "stopped" || one.state === "down") one.cpu = one.memory = null;
  }
  return { hosts: [...hosts.values()], guests: [...guests.values()], alerts: answers.alerts };
};

const stateWords = { up: words.up, down: words.down, running: words.runningState, stopped: words.stoppedState, unknown: words.stateUnknown };

const makeBar = (label) => {
  const fill = el("span", { class: "fill" });
  const value = el("span", { class: "bar-value" });
  const element = el("span", { class: "bar", "aria-hidden": "true" }, el("span", { class: "bar-label" }, label), value, el("span", { class: "track" }, fill));
  return {
    element,
    set: (ratio, format) => {
      const known = ratio !== null && ratio !== undefined;
      const share = known ? Math.max(0, Math.min(1, ratio)) : 0;
      fill.style.transform = `scaleX(${share.toFixed(3)})`;
      setAttribute(element, "data-level", known && ratio >= 0.9 ? "high" : null);
      setText(value, known ? format.percent(ratio) : "–");
    },
  };
};

/** A tile for a host or a guest; `set(object, format)` writes only what has changed. */
const makeTile = (kind) => {
  const bars = { cpu: makeBar(words.cpu), memory: makeBar(words.memory), ...(kind === "host" ? { disk: makeBar(words.disk) } : {}) };
  const name = el("span", { class: "tile-name" });
  const note = el("span", { class: "tile-note" });
  const state = el("span", { class: "state", "aria-hidden": "true" });
  const idle = el("span", { class: "tile-idle" });
  const alert = el("span", { class: "tile-alert", hidden: true });
  const meters = el("span", { class: "bars" }, Object.values(bars).map((bar) => bar.element));
  const element = link("", { class: `tile tile-${kind}` }, el("span", { class: "tile-head" }, state, name, note), meters, idle, alert);
  return {
    element,
    set: (one, format, clusters) => {
      const place = clusters > 1 ? `${one.cluster} · ` : "";
      setText(name, one.name);
      setText(note, kind === "host"
        ? [one.guests === undefined ? null : words.guestCount(one.guests), one.uptime ? words.upFor(format.duration(one.uptime)) : null].filter(Boolean).join(" · ")
        : `${one.id} · ${one.node}`);
      setAttribute(element, "data-state", one.state);
      setAttribute(element, "data-worst", one.worst);
      element.title = kind === "host" ? `${place}${one.name}` : `${place}${one.name} (${one.id}), ${words.onHost(one.node)}`;
      const first = one.alerts[0];
      const alerts = first ? (one.alerts.length > 1 ? words.moreAlerts(first.name, one.alerts.length - 1) : first.name) : null;
      alert.hidden = alerts === null;
      setText(alert, alerts ?? "");
      for (const [key, bar] of Object.entries(bars)) bar.set(one[key], format);
      // What does not run uses nothing: its state stands where the bars would.
      idle.hidden = one.state === "running" || one.state === "up";
      meters.hidden = one.state === "stopped" || one.state === "down";
      setText(idle, stateWords[one.state]);
      const spoken = [one.name, stateWords[one.state], kind === "guest" ? words.onHost(one.node) : null,
        ...Object.keys(bars).map((key) => `${words[key]} ${one[key] === null || one[key] === undefined ? words.unknown : format.percent(one[key])}`), alerts];
      setAttribute(element, "aria-label", spoken.filter(Boolean).join(", "));
      const board = kind === "host"
        ? `/d/martlet-host-detail?var-cluster=${encodeURIComponent(one.cluster)}&var-node=${encodeURIComponent(one.node)}`
        : `/d/martlet-vm-detail?var-cluster=${encodeURIComponent(one.cluster)}&var-vm_id=${encodeURIComponent(one.id)}`;
      setAttribute(element, "href", withRange(board));
    },
  };
};

/** A grid whose tiles stay where they are while their objects do. */
const makeGrid = (kind) => {
  const tiles = new Map();
  const element = el("div", { class: `tiles tiles-${kind}` });
  let order = "";
  return {
    element,
    set: (objects, format, clusters) => {
      const keep = new Set(objects.map((one) => one.key));
      for (const [key, tile] of tiles) {
        if (keep.has(key)) continue;
        tile.element.remove();
        tiles.delete(key);
      }
      for (const one of objects) {
        if (!tiles.has(one.key)) tiles.set(one.key, makeTile(kind));
        tiles.get(one.key).set(one, format, clusters);
      }
      const wanted = objects.map((one) => one.key).join("\n");
      if (wanted === order) return;
      order = wanted;
      const focused = document.activeElement;
      element.append(...objects.map((one) => tiles.get(one.key).element));
      if (focused && element.contains(focused)) focused.focus({ preventScroll: true });
    },
  };
};

const section = (title, body) => {
  const count = el("span", { class: "count" });
  const element = el("section", { class: "fleet-section" }, el("h2", {}, title, " ", count), body);
  return { element, count };
};

export const fleetPage = (root, context) => {
  const abort = new AbortController();
  let fleet = null;
  context.setTitle(words.title);

  const figure = (label, href) => {
    const number = el("span", { class: "figure-number" }, "–");
    const element = el(href ? "a" : "div", { class: "figure", href }, number, el("span", { class: "figure-words" }, label));
    return { element, set: (value, status) => { setText(number, value); setAttribute(element, "data-status", status); } };
  };
  const figures = {
    hosts: figure(words.hosts), running: figure(words.runningState), stopped: figure(words.stoppedState),
    critical: figure(strings.alerts.severities.critical, "/alerts?severity=critical"), warning: figure(strings.alerts.severities.warning, "/alerts?severity=warning"),
  };
  const asOf = el("p", { class: "as-of" });
  const failure = el("p", { class: "notice failure", role: "alert", hidden: true });
  const search = el("input", {
    type: "search", class: "field", placeholder: words.searchHint, "aria-label": words.searchHint, value: param("q", ""), autocomplete: "off",
    oninput: () => setParams({ q: search.value || null }, { replace: true }),
  });
  const filter = segments(words.filter, words.filters, param("show", "all"), (value) => setParams({ show: value === "all" ? null : value }, { replace: true }));
  const order = el("select", { class: "field", "aria-label": words.order, onchange: () => setParams({ order: order.value === "problems" ? null : order.value }, { replace: true }) },
    Object.entries(words.orders).map(([value, told]) => el("option", { value, selected: value === param("order", "problems") }, told)));

  const hostGrid = makeGrid("host");
  const badGrid = makeGrid("guest");
  const restGrid = makeGrid("guest");
  const hosts = section(words.hosts, hostGrid.element);
  const bad = section(words.attention, badGrid.element);
  const rest = section(words.guests, restGrid.element);
  const nothing = el("p", { class: "notice", role: "status", hidden: true });
  root.append(
    el("h1", { class: "unseen" }, words.title),
    el("div", { class: "figures", role: "group", "aria-label": words.summary }, Object.values(figures).map((each) => each.element), asOf),
    failure, hosts.element,
    el("div", { class: "toolbar" }, el("div", { class: "search" }, icon("search"), search), filter, order),
    bad.element, rest.element, nothing);

  const matches = (guest) => {
    const wanted = param("q", "").trim().toLowerCase();
    if (wanted && !`${guest.name} ${guest.id} ${guest.node} ${guest.cluster}`.toLowerCase().includes(wanted)) return false;
    const show = param("show", "all");
    return show === "all" || (show === "problems" ? rank[guest.worst] < rank.running : guest.state === show);
  };

  const draw = () => {
    filter.set(param("show", "all"));
    order.value = param("order", "problems");
    if (search !== document.activeElement) search.value = param("q", "");
    if (!fleet) return;
    const format = context.format();
    const clusters = new Set(fleet.hosts.map((one) => one.cluster)).size;
    const sort = Object.hasOwn(orders, param("order", "problems")) ? orders[param("order", "problems")] : orders.problems;
    const up = fleet.hosts.filter((one) => one.state === "up").length;
    const severity = (name) => fleet.alerts.filter(({ metric }) => metric.severity === name).length;
    figures.hosts.set(`${format.whole(up)} / ${format.whole(fleet.hosts.length)}`, up < fleet.hosts.length ? "critical" : null);
    figures.running.set(format.whole(fleet.guests.filter((one) => one.state === "running").length));
    figures.stopped.set(format.whole(fleet.guests.filter((one) => one.state === "stopped").length));
    figures.critical.set(format.whole(severity("critical")), severity("critical") ? "critical" : null);
    figures.warning.set(format.whole(severity("warning")), severity("warning") ? "warning" : null);
    hostGrid.set([...fleet.hosts].sort(orders.problems), format, clusters);
    const guests = fleet.guests.filter(matches).sort(sort);
    const split = sort === orders.problems;
    const troubled = split ? guests.filter((one) => rank[one.worst] < rank.running) : [];
    const others = split ? guests.filter((one) => rank[one.worst] >= rank.running) : guests;
    badGrid.set(troubled, format, clusters);
    restGrid.set(others, format, clusters);
    setText(bad.count, format.whole(troubled.length));
    setText(rest.count, format.whole(others.length));
    hosts.element.hidden = fleet.hosts.length === 0;
    bad.element.hidden = troubled.length === 0;
    rest.element.hidden = others.length === 0;
    nothing.hidden = guests.length > 0;
    setText(nothing, fleet.guests.length === 0 ? words.empty : words.noMatch);
    root.classList.remove("waiting");
  };

  const refresh = async () => {
    const time = Date.now();
    try {
      const names = Object.keys(questions);
      const results = await Promise.all(names.map((name) => query(questions[name], undefined, abort.signal)));
      fleet = assemble(Object.fromEntries(names.map((name, at) => [name, results[at].result])));
      failure.hidden = true;
      root.classList.remove("outdated");
      setText(asOf, words.stale(context.format().timeSeconds(time)));
      draw();
    } catch (error) {
      if (error.name === "AbortError") return;
      failure.hidden = error.offline;
      setText(failure, error.message);
      root.classList.toggle("outdated", fleet !== null);
    }
  };

  root.classList.add("waiting");
  refresh();
  return { update: draw, refresh, destroy: () => abort.abort() };
};
