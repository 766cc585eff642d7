// What fires and what is about to, with a link to the runbook and a silence at hand. Prometheus knows what is pending and since when,
// Alertmanager what is silenced or held back.

import { strings } from "../strings.js";
import { alertmanager, post, prometheusAlerts, remove } from "../api.js";
import { param, safeURL, setParams, withRange } from "../state.js";
import { el, icon, segments, setAttribute, setText } from "./dom.js";
import { openPopover } from "./popover.js";

const words = strings.alerts;
const severities = ["critical", "warning", "info", "none"];
const ownStates = ["firing", "pending", "silenced"];
const keyOf = (labels) => JSON.stringify(Object.entries(labels).sort());
const severityOf = (alert) => (severities.includes(alert.labels.severity) ? alert.labels.severity : "none");

/** Whether Alertmanager's alert is Prometheus' one: it may have more labels, the external ones of Prometheus. */
const isSame = (theirs, ours) => Object.entries(ours).every(([name, value]) => theirs[name] === value);

const merge = (alerts, theirs) => {
  const byName = Map.groupBy ? Map.groupBy(theirs, (each) => each.labels.alertname) : groupBy(theirs, (each) => each.labels.alertname);
  return alerts.map((alert) => {
    const match = byName.get(alert.labels.alertname)?.find((each) => isSame(each.labels, alert.labels));
    const silenced = (match?.status.silencedBy.length ?? 0) > 0;
    return {
      key: keyOf(alert.labels), labels: alert.labels, annotations: alert.annotations ?? {}, since: Date.parse(alert.activeAt),
      state: silenced ? "silenced" : alert.state, inhibited: (match?.status.inhibitedBy.length ?? 0) > 0,
    };
  });
};

const groupBy = (list, key) => {
  const groups = new Map();
  for (const each of list) groups.set(key(each), [...(groups.get(key(each)) ?? []), each]);
  return groups;
};

const objectOf = (labels) => [labels.vm_name ? `${labels.vm_name} (${labels.vm_id})` : null, labels.node, labels.cluster].filter(Boolean).join(" · ");

/** What a silence may cover, from one alert to all of its host. */
const scopesOf = (labels) => {
  const scopes = [["alert", words.scopes.alert, Object.keys(labels)]];
  if (labels.vm_id) scopes.push(["guest", words.scopes.guest, ["cluster", "vm_id"]]);
  if (labels.node) scopes.push(["host", words.scopes.host, ["cluster", "node"]]);
  scopes.push(["name", words.scopes.name(labels.alertname), ["alertname"]]);
  return scopes.map(([value, told, names]) => ({
    value, told, matchers: names.filter((name) => labels[name] !== undefined).map((name) => ({ name, value: labels[name], isRegex: false, isEqual: true })),
  }));
};

export const alertsPage = (root, context) => {
  const abort = new AbortController();
  let alerts = null;
  let silences = [];
  let drawn = "";
  const open = new Set();
  context.setTitle(words.title);

  const search = el("input", {
    type: "search", class: "field", placeholder: words.searchHint, "aria-label": words.searchHint, value: param("q", ""), autocomplete: "off",
    oninput: () => setParams({ q: search.value || null }, { replace: true }),
  });
  const state = segments(words.state, words.states, param("show", "all"), (value) => setParams({ show: value === "all" ? null : value }, { replace: true }));
  const group = segments(words.group, words.groups, param("by", "severity"), (value) => setParams({ by: value === "severity" ? null : value }, { replace: true }));
  const severity = el("button", { type: "button", class: "chip", hidden: true, onclick: () => setParams({ severity: null }, { replace: true }) });
  const failure = el("p", { class: "notice failure", role: "alert", hidden: true });
  const list = el("div", { class: "alert-groups" });
  const silenceList = el("ul", { class: "silences" });
  const asOf = el("p", { class: "as-of" });
  const said = el("p", { class: "unseen", role: "status" });
  const silenceNote = el("p", { class: "hint" });
  const silenceSection = el("section", { class: "fleet-section" }, el("h2", {}, words.silences), silenceNote, silenceList);
  root.append(
    el("h1", { class: "unseen" }, words.title),
    el("div", { class: "toolbar" }, el("div", { class: "search" }, icon("search"), search), state, group, severity, asOf),
    failure, list, silenceSection, said);

  const complain = (error) => {
    if (error.name === "AbortError") return;
    failure.hidden = Boolean(error.offline);
    setText(failure, error.message);
  };

  const silence = (alert, button) => {
    const format = context.format();
    const scopes = scopesOf(alert.labels);
    const scope = el("select", { class: "field", "aria-label": words.scope }, scopes.map(({ value, told }) => el("option", { value }, told)));
    const comment = el("input", { type: "text", class: "field", value: words.commentDefault, "aria-label": words.comment, maxLength: 400 });
    const complaint = el("p", { class: "complaint", role: "alert" });
    const choose = async (hours) => {
      const now = Date.now();
      const until = now + hours * 3600e3;
      try {
        await post("/api/alertmanager/api/v2/silences", {
          matchers: scopes.find(({ value }) => value === scope.value).matchers, startsAt: new Date(now).toISOString(), endsAt: new Date(until).toISOString(),
          createdBy: context.me().user ?? "", comment: comment.value.trim() || words.commentDefault,
        });
        close();
        setText(said, words.done(format.short(until)));
        await refresh();
      } catch (error) {
        setText(complaint, error.message);
      }
    };
    const allowed = context.me().maySilence;
    const content = allowed
      ? el("div", { class: "silence-form" },
          el("h2", {}, words.duration),
          el("div", { class: "durations" }, words.durations.map(([hours, told]) => el("button", { type: "button", class: "button", onclick: () => choose(hours) }, told))),
          el("label", {}, words.scope, scope), el("label", {}, words.comment, comment), complaint)
      : el("div", { class: "silence-form" }, el("p", {}, context.me().whyNot ?? ""));
    const close = openPopover(button, content, { label: words.silenceOf(alert.labels.alertname), alignEnd: true });
    content.querySelector("button")?.focus({ preventScroll: true });
  };

  const details = (alert) => {
    const url = alert.annotations.runbook_url ? safeURL(alert.annotations.runbook_url) : null;
    const book = el("div", { class: "runbook" }, url ? [el("a", { href: url.href, target: "_blank", rel: "noopener noreferrer" }, words.runbook)] : []);
    return el("div", { class: "alert-details" },
      el("p", {}, alert.annotations.description ?? ""),
      el("dl", { class: "labels", "aria-label": words.labels }, Object.entries(alert.labels).sort().map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
      book);
  };

  const card = (alert, format) => {
    const { labels, annotations } = alert;
    const isOpen = open.has(alert.key);
    const toggle = el("button", {
      type: "button", class: "alert-title", "aria-expanded": String(isOpen),
      onclick: () => { open[isOpen ? "delete" : "add"](alert.key); draw(); item(alert.key)?.querySelector(".alert-title").focus(); },
    }, icon("right"), el("span", { class: "alert-name" }, labels.alertname), el("span", { class: "alert-summary" }, annotations.summary ?? ""));
    const board = annotations.dashboard_url ? safeURL(annotations.dashboard_url) : null;
    const silenceButton = el("button", {
      type: "button", class: "button quiet", "aria-haspopup": "dialog", "aria-label": words.silenceOf(`${labels.alertname} ${objectOf(labels)}`), onclick: () => silence(alert, silenceButton),
    }, words.silence);
    const told = alert.state === "silenced" ? words.silenced : alert.state === "pending" ? words.pending : words.firing;
    return el("li", { class: "alert", "data-key": alert.key, "data-severity": severityOf(alert), "data-state": alert.state },
      el("div", { class: "alert-line" },
        el("div", { class: "alert-main" }, toggle,
          el("p", { class: "alert-meta" },
            el("span", { class: "alert-state" }, told), el("span", {}, objectOf(labels)),
            el("span", { title: format.dateTime(alert.since) }, words.since(format.ago(alert.since))), alert.inhibited ? el("span", {}, words.inhibited) : null)),
        el("div", { class: "alert-actions" },
          // The address in the annotation may be another machine's; the path is ours too.
          board?.pathname.startsWith("/d/") ? el("a", { class: "button quiet", href: withRange(board.pathname + board.search) }, words.board) : null,
          context.me().alertmanager && alert.state === "firing" ? silenceButton : null)),
      isOpen ? details(alert) : null);
  };

  const item = (key) => [...list.querySelectorAll(".alert")].find((element) => element.dataset.key === key);

  const draw = () => {
    state.set(param("show", "all"));
    group.set(param("by", "severity"));
    if (search !== document.activeElement) search.value = param("q", "");
    const only = param("severity");
    severity.hidden = only === null;
    if (only !== null) {
      severity.replaceChildren(words.severities[only] ?? only, icon("close"));
      setAttribute(severity, "aria-label", `${strings.close}: ${words.severities[only] ?? only}`);
    }
    if (!alerts) return;
    const format = context.format();
    const by = param("by", "severity");
    const wanted = param("q", "").trim().toLowerCase();
    const shown = alerts.filter((alert) =>
      (param("show", "all") === "all" || alert.state === param("show"))
      && (only === null || severityOf(alert) === only)
      && (wanted === "" || `${Object.values(alert.labels).join(" ")} ${alert.annotations.summary ?? ""}`.toLowerCase().includes(wanted)));
    shown.sort((a, b) => severities.indexOf(severityOf(a)) - severities.indexOf(severityOf(b)) || ownStates.indexOf(a.state) - ownStates.indexOf(b.state)
      || (a.labels.node ?? "").localeCompare(b.labels.node ?? "", undefined, { numeric: true }) || a.labels.alertname.localeCompare(b.labels.alertname)
      || a.key.localeCompare(b.key, undefined, { numeric: true }));
    // A refresh without news leaves every element, and with it the focus and an open menu, where it is.
    const news = JSON.stringify([shown, [...open], by, silences, format.zone, context.me(), shown.map((alert) => format.ago(alert.since))]);
    if (news === drawn) return;
    drawn = news;
    const focused = document.activeElement?.closest?.(".alert");
    const focus = focused ? [focused.dataset.key, [...focused.querySelectorAll("button, a")].indexOf(document.activeElement)] : null;
    const groups = groupBy(shown, (alert) => by === "host" ? [alert.labels.cluster, alert.labels.node].filter(Boolean).join(" · ") || words.noHost
      : by === "alert" ? alert.labels.alertname : words.severities[severityOf(alert)]);
    list.replaceChildren(...[...groups].map(([title, members]) =>
      el("section", { class: "fleet-section", "data-severity": severityOf(members[0]) }, el("h2", {}, title, " ", el("span", { class: "count" }, format.whole(members.length))),
        el("ul", { class: "alerts" }, members.map((alert) => card(alert, format))))));
    if (shown.length === 0) list.append(el("p", { class: "notice", role: "status" }, alerts.length === 0 ? words.none : words.noMatch));
    drawSilences(format);
    if (focus) item(focus[0])?.querySelectorAll("button, a")[focus[1]]?.focus({ preventScroll: true });
  };

  const drawSilences = (format) => {
    const me = context.me();
    silenceNote.hidden = me.alertmanager && silences.length > 0;
    setText(silenceNote, me.alertmanager ? words.noSilences : words.noAlertmanager);
    silenceList.replaceChildren(...silences.map((each) => {
      const what = each.matchers.map(({ name, value, isRegex, isEqual }) => `${name}${isEqual === false ? "!" : ""}${isRegex ? "=~" : isEqual === false ? "=" : "="}${value}`).join(" ");
      const expire = async () => {
        try {
          await remove(`/api/alertmanager/api/v2/silence/${encodeURIComponent(each.id)}`);
          await refresh();
        } catch (error) {
          complain(error);
        }
      };
      return el("li", { class: "silence" },
        el("div", { class: "alert-main" }, el("p", { class: "silence-what" }, what),
          el("p", { class: "alert-meta" }, el("span", {}, each.comment), el("span", {}, words.by(each.createdBy)),
            each.status.state === "pending" ? el("span", {}, words.begins(format.short(Date.parse(each.startsAt)))) : null, el("span", {}, words.until(format.short(Date.parse(each.endsAt)))))),
        el("div", { class: "alert-actions" }, el("button", {
          type: "button", class: "button", disabled: !me.maySilence, title: me.maySilence ? "" : me.whyNot ?? "", "aria-label": words.expireOf(what), onclick: expire,
        }, words.expire)));
    }));
  };

  const refresh = async () => {
    const time = Date.now();
    try {
      const found = await prometheusAlerts(abort.signal);
      failure.hidden = true;
      // Without Alertmanager's word the alerts themselves are still true.
      const [theirs, theirSilences] = context.me().alertmanager
        ? await Promise.all([alertmanager("alerts", abort.signal), alertmanager("silences", abort.signal)]).catch((error) => { complain(error); return [[], []]; })
        : [[], []];
      alerts = merge(found, theirs);
      silences = theirSilences.filter((each) => each.status.state !== "expired").sort((a, b) => a.endsAt.localeCompare(b.endsAt));
      root.classList.remove("outdated", "waiting");
      setText(asOf, words.asOf(context.format().timeSeconds(time)));
      draw();
    } catch (error) {
      complain(error);
      root.classList.toggle("outdated", alerts !== null);
    }
  };

  root.classList.add("waiting");
  refresh();
  return { update: draw, refresh, factsChanged: refresh, destroy: () => abort.abort() };
};
