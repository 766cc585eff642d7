// What a panel asked and what it was told: the finished queries, and the numbers behind the picture.

import * as words from "../strings.js";
import { copyButton, el, iconButton, segments } from "./dom.js";

const mostLines = 500;
const mostColumns = 60;

const queries = (panel, data, format) => panel.targets.map((target) => {
  const error = data?.errors.find((each) => each.ref === target.ref);
  const count = panel.table ? undefined : data?.series.filter((each) => each.ref === target.ref).length;
  const known = [
    [words.kind, target.instant ? words.atEnd : words.overRange],
    [words.step, target.instant ? null : format.duration(target.step)],
    [words.asked, target.instant ? format.dateTime(panel.end * 1000) : format.between(panel.start * 1000, panel.end * 1000)],
    [words.series, count === undefined ? null : format.whole(count)],
    [words.took, data?.took === undefined ? null : words.milliseconds(format.whole(data.took))],
  ].filter(([, value]) => value);
  return el("section.inspect-query",
    el("h3", words.query(target.ref), target.hidden && ` (${words.notDrawn})`, copyButton(words.copy, () => target.expr)),
    el("pre", { tabIndex: 0 }, el("code", target.expr)),
    error && el("p.notice.failure", error.message),
    el("dl.facts", known.map(([name, value]) => el("div", el("dt", name), el("dd", value)))));
});

const grid = (heads, rows) => el("div.numbers", { tabIndex: 0 }, el("table",
  el("thead", el("tr", heads.map((head) => el("th", { scope: "col" }, head)))),
  el("tbody", rows.map((row) => el("tr", row.map((cell) => el("td", cell)))))));

const cellText = (value) => (value === null || value === undefined || Number.isNaN(value) ? "" : String(value));

/** Heads and rows of a table's frame. */
const ofFrame = ({ fields, length }, format) => ({
  heads: fields.map((field) => field.name), of: length, columns: fields.length,
  rows: Array.from({ length: Math.min(length, mostLines) }, (_, row) => fields.map(({ type, values }) => (type === "time" ? format.dateTime(values[row]) : cellText(values[row])))),
});

/** Heads and rows of series: a line for each moment, the newest first. */
const ofSeries = (all, format) => {
  const series = all.slice(0, mostColumns);
  const at = series.map(({ times, values }) => new Map(Array.from(times, (time, index) => [time, values[index]])));
  const times = [...new Set(at.flatMap((values) => [...values.keys()]))].sort((a, b) => b - a);
  return {
    heads: [words.time, ...series.map(({ name }) => name)], of: times.length, columns: all.length,
    rows: times.slice(0, mostLines).map((time) => [format.dateTime(time * 1000), ...at.map((values) => cellText(values.get(time)))]),
  };
};

const numbers = (data, format) => {
  const { heads, rows, of, columns } = data?.frame ? ofFrame(data.frame, format) : ofSeries(data?.series ?? [], format);
  if (rows.length === 0) return [el("p.notice", words.noNumbers)];
  return [
    of > rows.length && el("p.hint", words.lastLines(format.whole(rows.length), format.whole(of))),
    columns > heads.length && el("p.hint", words.firstColumns(mostColumns, format.whole(columns))),
    grid(heads, rows),
  ].filter(Boolean);
};

/** Opens the dialog; the numbers are those of the moment it was opened. */
export const inspect = (panel, data, format, csv) => {
  const body = el("div.inspect-body");
  const label = words.inspectOf(panel.title);
  const show = (which) => {
    tabs.set(which);
    body.replaceChildren(...(which === "queries" ? queries : (_, told) => numbers(told, format))(panel, data, format));
  };
  const tabs = segments(label, words.inspectTabs, "queries", show);
  const dialog = el("dialog.inspect", {
    "aria-label": label, onclose: () => dialog.remove(), onclick: ({ target }) => { if (target === dialog) dialog.close(); },
  }, el("header.line", el("h2.grow", panel.title || words.untitled), tabs, csv && el("a.button", { href: csv, download: "" }, words.csv), iconButton("close", words.close, () => dialog.close())),
  body);
  document.body.append(dialog);
  dialog.showModal();
  show("queries");
};
