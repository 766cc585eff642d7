// All alerts as both know them: Prometheus what is pending and since when, Alertmanager what is silenced or held back. The
// bell, the fleet and the page of alerts count the same ones.

import { alertmanager, facts, isAbort, learn, prometheusAlerts } from "../api.js";

const severities = ["critical", "warning", "info", "none"];
const states = ["firing", "pending", "silenced"];

const compare = (a, b) => (a ?? "").localeCompare(b ?? "", undefined, { numeric: true });

/** By severity and state, then by host and name. */
const inOrder = (a, b) =>
  severities.indexOf(a.severity) - severities.indexOf(b.severity) || states.indexOf(a.state) - states.indexOf(b.state)
  || compare(a.labels.node, b.labels.node) || compare(a.labels.alertname, b.labels.alertname) || compare(a.key, b.key);

/** `{alerts: [{key, labels, annotations, since, severity, state, inhibited}], silences, problem}`; `problem` is Alertmanager's. */
export const loadAlerts = async (signal) => {
  const asked = prometheusAlerts(signal);
  // Should the facts fail first, nobody waits for this one.
  asked.catch(() => {});
  await learn();
  let problem = null;
  // Without Alertmanager's word the alerts themselves are still true.
  const nothing = (error) => {
    if (isAbort(error)) throw error;
    problem = error;
    return [];
  };
  const [ours, theirs, silences] = await Promise.all([
    asked, ...["alerts", "silences"].map((path) => (facts.me.alertmanager ? alertmanager(path, signal).catch(nothing) : [])),
  ]);
  const byName = new Map();
  for (const each of theirs) byName.set(each.labels.alertname, [...(byName.get(each.labels.alertname) ?? []), each]);
  const alerts = ours.map(({ labels, annotations = {}, activeAt, state }) => {
    // Alertmanager's may have more labels: the external ones of Prometheus.
    const match = byName.get(labels.alertname)?.find((each) => Object.entries(labels).every(([name, value]) => each.labels[name] === value));
    return {
      key: JSON.stringify(Object.entries(labels).sort()), labels, annotations, since: Date.parse(activeAt),
      severity: severities.includes(labels.severity) ? labels.severity : "none",
      state: match?.status.silencedBy.length > 0 ? "silenced" : state, inhibited: match?.status.inhibitedBy.length > 0,
    };
  });
  return { alerts: alerts.sort(inOrder), silences: silences.filter((each) => each.status.state !== "expired").sort((a, b) => compare(a.endsAt, b.endsAt)), problem };
};

/** What calls somebody: critical ones and warnings that fire, and that nobody has silenced. */
export const isCalling = ({ severity, state }) => state === "firing" && (severity === "critical" || severity === "warning");
