// What fires and what is about to, with the runbook's words and a silence at hand.

import * as words from "../strings.js";
import { createSilence, expireSilence, facts, get } from "../api.js";
import { navigate, param, safeURL, setParams } from "../state.js";
import { markdown } from "../panels/text.js";
import { loadAlerts } from "./alerting.js";
import { el, icon, keyed, segments, select, setAttribute, setText } from "./dom.js";
import { boardLink } from "./links.js";
import { liveChoice, livePage, liveSearch, section } from "./list.js";
import { note, popoverButton } from "./popover.js";

const placeOf = ({ cluster, node }) => [node, cluster].filter(Boolean).join(" · ");
const objectOf = (labels) => [labels.vm_name && `${labels.vm_name} (${labels.vm_id})`, placeOf(labels)].filter(Boolean).join(" · ");

const matcherWords = (matchers) => matchers.map(({ name, value, isRegex, isEqual = true }) => `${name}${isEqual ? "=" : "!"}${isRegex ? "~" : isEqual ? "" : "="}${value}`).join(" ");

/** What a silence may cover, from one alert to all of its host: `[label, matchers]` by name. One whose labels are not all there would cover others too. */
const scopesOf = (labels) => {
  const scopes = { alert: Object.keys(labels), guest: ["cluster", "vm_id"], host: ["cluster", "node"], name: ["alertname"] };
  return Object.fromEntries(Object.entries(scopes).filter(([, names]) => names.every((name) => labels[name])).map(([scope, names]) =>
    [scope, { label: words.scopes[scope] ?? words.everyAlert(labels.alertname), matchers: names.map((name) => ({ name, value: labels[name], isRegex: false, isEqual: true })) }]));
};

/** What and why, and then for how long: that is what sends it. */
const silenceForm = ({ labels }, sent) => {
  if (!facts.me.maySilence) return note(el("p", facts.me.whyNot));
  const scopes = scopesOf(labels);
  const matchers = el("p.code");
  const complaint = el("p.complaint", { role: "alert" });
  const show = (name) => setText(matchers, matcherWords(scopes[name].matchers));
  const scope = select(words.scope, Object.fromEntries(Object.entries(scopes).map(([name, { label }]) => [name, label])), "alert", show);
  const comment = el("input.field", { type: "text", value: words.commentDefault, maxLength: 400 });
  const send = async (hours) => {
    const now = Date.now();
    const until = now + hours * 3600e3;
    try {
      await createSilence({
        matchers: scopes[scope.value].matchers, startsAt: new Date(now).toISOString(), endsAt: new Date(until).toISOString(),
        createdBy: facts.me.user ?? "", comment: comment.value.trim() || words.commentDefault,
      });
      await sent(until);
    } catch (error) {
      setText(complaint, error.message);
    }
  };
  scope.autofocus = true;
  show("alert");
  return el("div.form",
    el("label", words.scope, scope), matchers, el("label", words.comment, comment),
    el("h2", words.silenceFor),
    el("div.pair", Object.entries(words.silenceHours).map(([hours, label]) => el("button.button", { onclick: () => send(hours) }, label))), complaint);
};

/** Description, labels and what the runbook says; its text comes when somebody wants to read it. */
const makeDetails = ({ labels, annotations }) => {
  const book = annotations.runbook_url ? safeURL(annotations.runbook_url) : null;
  const [description, text] = [el("p"), el("div")];
  const read = async () => {
    const { markdown: found } = await get(`/api/runbook?alert=${encodeURIComponent(labels.alertname)}`);
    text.replaceChildren(el("h3", words.runbook), markdown(found, { navigate }));
  };
  // Where the server has no text, there is the link.
  if (facts.me.runbook) read().catch(() => {});
  const element = el("div.alert-details", description,
    el("dl.labels", { "aria-label": words.labels }, Object.entries(labels).sort().map(([name, value]) => el("div", el("dt", name), el("dd", value)))),
    el("div.runbook", text, book && el("a", { href: book.href, target: "_blank", rel: "noopener noreferrer" }, words.runbook)));
  return { element, set: ({ annotations: now }) => setText(description, now.description ?? "") };
};

const makeCard = ({ key, labels }, { draw, sent, open }) => {
  let alert = null;
  const [summary, state, since, held] = [el("span"), el("b"), el("span"), el("span", words.inhibited)];
  const toggle = el("button.line.alert-title", {
    onclick: () => {
      if (!open.delete(key)) open.add(key);
      draw();
    },
  }, icon("right"), el("b", labels.alertname), summary);
  const silence = popoverButton(el("button.button.quiet", { "aria-label": words.silenceOf(`${labels.alertname} ${objectOf(labels)}`) }, words.silence),
    (popover) => silenceForm(alert, (until) => {
      popover.hidePopover();
      return sent(until);
    }), { label: words.silenceOf(labels.alertname), alignEnd: true });
  const board = el("a.button.quiet", words.board);
  let details = null;
  const element = el("li.entry.alert", { "data-key": key },
    el("div.line.entry-line", el("div.grow", toggle, el("p.hint.facts", state, el("span", objectOf(labels)), since, held)), el("div.actions", board, silence)));
  const set = (next, format) => {
    alert = next;
    setAttribute(element, "data-severity", alert.severity);
    setAttribute(element, "data-state", alert.state);
    setText(summary, alert.annotations.summary ?? "");
    setText(state, words.alertStates[alert.state]);
    setText(since, words.since(format.ago(alert.since)));
    since.title = format.dateTime(alert.since);
    held.hidden = !alert.inhibited;
    // The address in the annotation may be another machine's; the path is ours too.
    const href = boardLink(alert.annotations.dashboard_url);
    board.hidden = !href;
    setAttribute(board, "href", href);
    silence.hidden = !facts.me.alertmanager || alert.state !== "firing";
    const isOpen = open.has(key);
    setAttribute(toggle, "aria-expanded", String(isOpen));
    if (isOpen !== Boolean(details)) {
      details?.element.remove();
      details = isOpen ? makeDetails(alert) : null;
      if (isOpen) element.append(details.element);
    }
    details?.set(alert);
  };
  return { element, set };
};

const tallyOf = (alerts, format) =>
  Object.keys(words.alertStates).map((state) => [state, alerts.filter((alert) => alert.state === state).length])
    .filter(([, count]) => count > 0).map(([state, count]) => words.tally(format.whole(count), state)).join(", ");

const makeSilence = ({ id, matchers }, { complain, refresh }) => {
  const what = matcherWords(matchers);
  const told = el("p.hint.facts");
  const expire = el("button.button", {
    "aria-label": words.expireOf(what), onclick: () => expireSilence(id).then(refresh, complain),
  }, words.expire);
  const set = ({ comment, createdBy, status, startsAt, endsAt }, format) => {
    const parts = [comment, words.by(createdBy), status.state === "pending" && words.begins(format.short(Date.parse(startsAt))), words.until(format.short(Date.parse(endsAt)))];
    told.replaceChildren(...parts.filter(Boolean).map((text) => el("span", text)));
    expire.disabled = !facts.me.maySilence;
    expire.title = facts.me.whyNot ?? "";
  };
  return { element: el("li.entry.silence", el("div.line.entry-line", el("div.grow", el("p.code", what), told), el("div.actions", expire))), set };
};

const groupings = {
  severity: ({ severity }) => words.severities[severity],
  host: ({ labels }) => placeOf(labels) || words.noHost,
  alert: ({ labels }) => labels.alertname,
};

export const alertsPage = (root, context) => {
  context.setTitle(words.alerts);
  const search = liveSearch(words.searchAlerts);
  const state = liveChoice(segments, "show", "all", words.show, words.alertFilters);
  const group = liveChoice(segments, "by", "severity", words.groupBy, words.alertGroups);
  const severity = el("button.chip", { onclick: () => setParams({ severity: null }, { replace: true }) });
  const none = el("p.notice", { role: "status" });
  const said = el("p.unseen", { role: "status" });
  const list = el("div");
  const silenceNote = el("p.hint");
  const silenceList = el("ul.card.entries");

  const sent = (until) => {
    setText(said, words.silencedUntil(context.format().short(until)));
    return page.refresh();
  };
  const hands = { draw: () => page.update(), refresh: () => page.refresh(), complain: (error) => complain(error), sent, open: new Set() };
  const groups = keyed(list, ([title]) => title, ([title]) => {
    const entries = el("ul.card.entries");
    const cards = keyed(entries, (alert) => alert.key, (alert) => makeCard(alert, hands));
    const { element, setCount } = section(title, entries);
    return {
      element,
      set: ([, members], format) => {
        cards.set(members, format);
        setCount(tallyOf(members, format));
      },
    };
  });
  const silenced = keyed(silenceList, ({ id }) => id, (silence) => makeSilence(silence, hands));

  const draw = ({ alerts, silences }) => {
    const format = context.format();
    for (const each of [search, state, group]) each.update();
    const only = param("severity");
    severity.hidden = only === null;
    severity.replaceChildren(words.severities[only] ?? only ?? "", icon("close"));
    setAttribute(severity, "aria-label", `${words.close}: ${severity.textContent}`);
    const shown = alerts.filter((alert) =>
      (state.get() === "all" || alert.state === state.get()) && (only === null || alert.severity === only)
      && search.matches(`${Object.values(alert.labels).join(" ")} ${alert.annotations.summary ?? ""}`));
    const members = new Map();
    for (const alert of shown) {
      const title = groupings[group.get()](alert);
      members.set(title, [...(members.get(title) ?? []), alert]);
    }
    groups.set([...members], format);
    none.hidden = shown.length > 0;
    setText(none, alerts.length === 0 ? words.noAlerts : words.noAlert);
    silenced.set(silences, format);
    silenceNote.hidden = silences.length > 0;
    setText(silenceNote, facts.me.alertmanager ? words.noSilences : words.noAlertmanager);
  };

  const { page, failure, asOf, complain } = livePage(root, context, { load: loadAlerts, draw });
  root.append(
    el("h1.unseen", words.alerts), el("div.toolbar", search.element, state.element, group.element, severity, asOf), failure, list, none,
    section(words.silences, el("div", silenceNote, silenceList)).element, said);
  page.refresh();
  return page;
};
