// What a panel asked and what it was told: the finished queries, and the numbers behind the picture.

import { strings } from "../strings.js";
import { el, iconButton, segments } from "./dom.js";

const words = strings.inspect;
const mostLines = 500;
const mostColumns = 60;

const copyButton = (text) => {
  const button = el("button", {
    type: "button", class: "button",
    onclick: async () => {
      await navigator.clipboard?.writeText(text);
      button.textContent = words.copied;
    },
  }, words.copy);
  return button;
};

const queries = (panel, data, format) => el("div", { class: "inspect-queries" }, panel.targets.map((target) => {
  const error = data?.errors?.find((each) => each.ref === target.ref);
  const count = data?.series?.filter((each) => each.ref === target.ref).length;
  const fact = (name, value) => (value === undefined || value === null || value === "" ? null : el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  return el("section", {},
    el("h3", {}, words.query(target.ref), target.hidden ? ` (${words.hidden})` : "", copyButton(target.expr)),
    el("pre", { tabIndex: 0 }, el("code", {}, target.expr)),
    error ? el("p", { class: "notice failure" }, error.message) : null,
    el("dl", { class: "facts" },
      fact(words.kind, target.instant ? words.instant : words.range), target.instant ? null : fact(words.step, format.duration(target.step)),
      fact(words.asked, target.instant ? format.dateTime(panel.end * 1000) : format.between(panel.start * 1000, panel.end * 1000)),
      panel.table ? null : fact(words.series, count === undefined ? null : format.whole(count)), fact(words.took, data?.took === undefined ? null : words.milliseconds(format.whole(data.took)))));
}));

const grid = (heads, rows) => el("div", { class: "numbers", tabIndex: 0 }, el("table", {},
  el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
  el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, cell)))))));

const cellText = (value) => (value === null || value === undefined || Number.isNaN(value) ? "" : String(value));

const numbers = (data, format) => {
  if (data?.frame) {
    const { fields, length } = data.frame;
    const lines = Math.min(length, mostLines);
    return [
      length > lines ? el("p", { class: "hint" }, words.cut(format.whole(lines), format.whole(length))) : null,
      grid(fields.map((field) => field.name), Array.from({ length: lines }, (_, row) =>
        fields.map((field) => (field.type === "time" ? format.dateTime(field.values[row]) : cellText(field.values[row]))))),
    ];
  }
  const all = data?.series ?? [];
  if (all.length === 0) return [el("p", { class: "notice" }, words.none)];
  const series = all.slice(0, mostColumns);
  const times = [...new Set(series.flatMap((each) => [...each.times]))].sort((a, b) => a - b);
  const shown = times.slice(-mostLines).reverse();
  const at = series.map((each) => new Map([...each.times].map((time, index) => [time, each.values[index]])));
  return [
    times.length > shown.length ? el("p", { class: "hint" }, words.cut(format.whole(shown.length), format.whole(times.length))) : null,
    all.length > series.length ? el("p", { class: "hint" }, words.columns(series.length, format.whole(all.length))) : null,
    grid([words.time, ...series.map((each) => each.name)], shown.map((time) => [format.dateTime(time * 1000), ...at.map((values) => cellText(values.get(time)))])),
  ];
};

/** Opens the dialog; the numbers are those of the moment it was opened. */
export const inspect = (panel, data, format, csv) => {
  const body = el("div", { class: "inspect-body" });
  const show = (which) => {
    tabs.set(which);
    body.replaceChildren(...(which === "queries" ? [queries(panel, data, format)] : numbers(data, format)).filter(Boolean));
  };
  const tabs = segments(words.title(panel.title), { queries: words.queries, numbers: words.numbers }, "queries", show);
  const dialog = el("dialog", { class: "inspect", "aria-label": words.title(panel.title), onclose: () => dialog.remove() },
    el("header", {}, el("h2", {}, panel.title || strings.panel.untitled), tabs,
      csv ? el("a", { class: "button", href: csv, download: "" }, strings.panel.csv) : null, iconButton("close", strings.close, () => dialog.close())),
    body);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  show("queries");
};
