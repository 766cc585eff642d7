// Home: every host and every guest at a glance, those with problems first. A click leads to the object's board.
// It lives on recorded series alone (prometheus/rules), so it looks the same whatever exporter feeds them.

import * as words from "../strings.js";
import { facts, query } from "../api.js";
import { withRange } from "../state.js";
import { isCalling, loadAlerts } from "./alerting.js";
import { el, keyed, segments, select, setAttribute, setText } from "./dom.js";
import { boardLink, boardPath } from "./links.js";
import { livePage, liveChoice, liveSearch, section } from "./list.js";

// Which field of an object a recorded series is, behind `node:` or `vm:`.
const fields = { "up:max": "up", "cpu_utilization:avg5m": "cpu", "memory_utilization:ratio": "memory", "uptime:seconds": "uptime", "guests_running:count": "guests" };

// Their series, the labels that tell them apart, what they are called when they do not run and when they do.
const kinds = {
  host: { prefix: "node", labels: ["cluster", "node"], disks: "node_filesystem:utilization:ratio", states: ["down", "up"], bars: ["cpu", "memory", "disk"], uid: "martlet-host-detail" },
  guest: { prefix: "vm", labels: ["cluster", "vm_id"], disks: "vm_volume:disk_utilization:ratio", states: ["stopped", "running"], bars: ["cpu", "memory"], uid: "martlet-vm-detail" },
};

// Of two views of a guest's memory the one from inside counts no cache as use; its processor is measured from outside.
const preferred = { cpu: "hypervisor", memory: "guest" };

const rank = { critical: 0, down: 0, warning: 1, unknown: 2, running: 3, up: 3, stopped: 4 };
const compare = (a, b) => a.localeCompare(b, undefined, { numeric: true });
const byName = (a, b) => compare(a.name, b.name) || compare(a.key, b.key);
const most = (field) => (a, b) => (b[field] || -1) - (a[field] || -1) || byName(a, b);
const orders = {
  problems: (a, b) => rank[a.worst] - rank[b.worst] || byName(a, b),
  cpu: most("cpu"), memory: most("memory"), name: byName,
  host: (a, b) => compare(a.cluster, b.cluster) || compare(a.node, b.node) || byName(a, b),
};

const isTroubled = (one) => rank[one.worst] < rank.running;

/** The objects of a kind, out of what was answered about them. */
const assemble = ({ prefix, labels: own, states }, [series, disks], alerts) => {
  const objects = new Map();
  const keyOf = (labels) => own.map((name) => labels[name]).join("/");
  for (const { metric, value } of series) {
    const key = keyOf(metric);
    const { cluster = "", node = "", vm_id = "", vm_name, source } = metric;
    if (!objects.has(key)) objects.set(key, { key, cluster, node, vm_id, name: vm_name || vm_id || node, alerts: [] });
    const one = objects.get(key);
    const field = fields[metric.__name__.slice(prefix.length + 1)];
    if (field && (one[field] === undefined || source === preferred[field])) one[field] = Number(value[1]);
    // Only this one moves with a guest at once.
    if (field === "up") one.node = node || one.node;
  }
  for (const { metric, value } of disks) {
    const one = objects.get(keyOf(metric));
    if (one) one.disk = Number(value[1]);
  }
  for (const { labels, severity } of alerts) objects.get(keyOf(labels))?.alerts.push({ severity, name: labels.alertname });
  for (const one of objects.values()) {
    one.state = one.up === undefined ? "unknown" : states[one.up === 0 ? 0 : 1];
    // They come by severity.
    one.worst = one.alerts[0]?.severity ?? one.state;
    // What does not run uses nothing: what is still known of it is of before.
    if (one.state === states[0]) one.cpu = one.memory = NaN;
  }
  return [...objects.values()];
};

const load = async (signal) => {
  const ask = async (expr) => (await query(expr, undefined, signal)).result;
  const askOf = ({ prefix, labels, disks }) => Promise.all([ask(`{__name__=~"${prefix}:(info|${Object.keys(fields).join("|")})"}`), ask(`max by (${labels}) (${disks})`)]);
  const [alerting, ofHosts, ofGuests] = await Promise.all([loadAlerts(signal), askOf(kinds.host), askOf(kinds.guest)]);
  const alerts = alerting.alerts.filter(isCalling);
  const hosts = assemble(kinds.host, ofHosts, alerts.filter(({ labels }) => !labels.vm_id));
  return { alerts, hosts, guests: assemble(kinds.guest, ofGuests, alerts), clusters: new Set(hosts.map((one) => one.cluster)).size, problem: alerting.problem };
};

const makeBar = (label) => {
  const fill = el("span.fill");
  const value = el("span.bar-value");
  const element = el("span.bar", { "aria-hidden": "true" }, el("span", label), value, el("span.track", fill));
  return {
    element,
    set: (ratio, text) => {
      fill.style.transform = `scaleX(${Math.max(0, Math.min(1, ratio || 0)).toFixed(3)})`;
      setAttribute(element, "data-level", ratio >= 0.9 && "high");
      setText(value, text ?? "–");
    },
  };
};

/** A tile; `set(object, format, clusters)` writes only what has changed. */
const makeTile = (kind) => {
  const { bars, labels, uid } = kinds[kind];
  const meters = bars.map((name) => [name, makeBar(words.bars[name])]);
  const [name, note, idle, alert] = [el("span.cut.tile-name"), el("span.cut.hint"), el("span.hint.tile-idle"), el("span.cut.hint.tile-alert")];
  const barGrid = el("span.bars", meters.map(([, bar]) => bar.element));
  const element = el(`a.card.tile.tile-${kind}`, el("span.line", el("span.state", { "aria-hidden": "true" }), name, note), barGrid, idle, alert);
  const set = (one, format, clusters) => {
    const isGuest = kind === "guest";
    const place = clusters > 1 ? `${one.cluster} · ` : "";
    const [first, ...others] = one.alerts;
    const alerts = first ? (others.length > 0 ? words.moreAlerts(first.name, others.length) : first.name) : "";
    const percent = (field) => (Number.isFinite(one[field]) ? format.percent(one[field]) : null);
    setText(name, one.name);
    setText(note, isGuest ? `${one.vm_id} · ${one.node}`
      : [one.guests !== undefined && words.guestCount(one.guests), one.uptime && words.upFor(format.duration(one.uptime))].filter(Boolean).join(" · "));
    setText(alert, alerts);
    // Where nothing runs, the state stands where the bars would.
    setText(idle, words.states[one.state]);
    for (const [field, bar] of meters) bar.set(one[field], percent(field));
    const address = `${boardPath(uid)}?${new URLSearchParams(labels.map((label) => [`var-${label}`, one[label]]))}`;
    const spoken = [one.name, words.states[one.state], isGuest && words.onHost(one.node), ...bars.map((field) => `${words.bars[field]} ${percent(field) ?? words.unknown}`), alerts];
    const attributes = {
      "data-state": one.state, "data-worst": one.worst, title: isGuest ? `${place}${one.name} (${one.vm_id}), ${words.onHost(one.node)}` : place + one.name,
      href: boardLink(address), role: "link", "aria-label": spoken.filter(Boolean).join(", "),
    };
    for (const [attribute, value] of Object.entries(attributes)) setAttribute(element, attribute, value);
  };
  return { element, set };
};

const makeTiles = (kind, title) => {
  const list = el(`div.tiles.tiles-${kind}`);
  const tiles = keyed(list, (one) => one.key, () => makeTile(kind));
  const { element, setCount } = section(title, list);
  return {
    element,
    set: (objects, format, clusters) => {
      tiles.set(objects, format, clusters);
      setCount(kind === "guest" ? format.whole(objects.length) : "", objects.length > 0);
    },
  };
};

const makeFigure = (label, href) => {
  const number = el("span.figure-number");
  const element = el(href ? "a.card.figure" : "div.card.figure", number, el("span.muted", label));
  const set = (value, status) => {
    setText(number, value);
    setAttribute(element, "data-status", status);
    if (href) setAttribute(element, "href", withRange(href));
  };
  return { element, set };
};

const figuresOf = ({ hosts, guests, alerts }, format) => {
  const count = (list, field, value) => list.filter((each) => each[field] === value).length;
  const up = count(hosts, "state", "up");
  const figures = { hosts: [`${format.whole(up)} / ${format.whole(hosts.length)}`, up < hosts.length && "critical"] };
  for (const state of ["running", "stopped"]) figures[state] = [format.whole(count(guests, "state", state))];
  for (const severity of ["critical", "warning"]) {
    const found = count(alerts, "severity", severity);
    figures[severity] = [format.whole(found), found > 0 && severity];
  }
  return figures;
};

/** In place of a fleet: why there is none, and the boards that there are. */
const makeNothing = () => {
  const list = el("ul.board-list");
  const boards = keyed(list, (board) => board.uid, () => {
    const link = el("a");
    return {
      element: el("li.card", link),
      set: ({ uid, title, problem }) => {
        link.href = withRange(boardPath(uid));
        link.title = problem ?? "";
        setText(link, title);
      },
    };
  });
  const message = el("p.notice", { role: "status" });
  const element = el("div", { hidden: true }, message, list);
  return {
    element,
    set: (text, isAll) => {
      element.hidden = text === "";
      setText(message, text);
      boards.set(isAll ? facts.boards ?? [] : []);
    },
  };
};

export const fleetPage = (root, context) => {
  context.setTitle(words.fleet);
  const calling = (severity) => makeFigure(words.severities[severity], `/alerts?show=firing&severity=${severity}`);
  const figures = {
    hosts: makeFigure(words.hosts), running: makeFigure(words.states.running), stopped: makeFigure(words.states.stopped), critical: calling("critical"), warning: calling("warning"),
  };
  const search = liveSearch(words.searchFleet);
  const filter = liveChoice(segments, "show", "all", words.show, words.fleetFilters);
  const order = liveChoice(select, "order", "problems", words.order, words.fleetOrders);
  const hosts = makeTiles("host", words.hosts);
  const troubled = makeTiles("guest", words.attention);
  const others = makeTiles("guest", words.guests);
  const nothing = makeNothing();

  const draw = (fleet) => {
    const format = context.format();
    for (const each of [search, filter, order]) each.update();
    for (const [name, [value, status]] of Object.entries(figuresOf(fleet, format))) figures[name].set(value, status);
    hosts.set([...fleet.hosts].sort(orders.problems), format, fleet.clusters);
    const show = filter.get();
    const guests = fleet.guests
      .filter((one) => search.matches(`${one.name} ${one.vm_id} ${one.node} ${one.cluster}`) && (show === "all" || (show === "problems" ? isTroubled(one) : one.state === show)))
      .sort(orders[order.get()]);
    const isFirst = (one) => order.get() === "problems" && isTroubled(one);
    troubled.set(guests.filter(isFirst), format, fleet.clusters);
    others.set(guests.filter((one) => !isFirst(one)), format, fleet.clusters);
    const isEmpty = fleet.hosts.length + fleet.guests.length === 0;
    for (const each of [toolbar, figureRow]) each.hidden = isEmpty;
    nothing.set(isEmpty ? words.noFleet : guests.length > 0 ? "" : fleet.guests.length === 0 ? words.noGuests : words.noGuest, isEmpty);
  };

  const { page, failure, asOf } = livePage(root, context, { load, draw });
  const figureRow = el("div.figures", { role: "group", "aria-label": words.summary }, Object.values(figures).map((each) => each.element), asOf);
  const toolbar = el("div.toolbar", search.element, filter.element, order.element);
  root.append(el("h1.unseen", words.fleet), figureRow, failure, hosts.element, toolbar, troubled.element, others.element, nothing.element);
  page.refresh();
  return page;
};
