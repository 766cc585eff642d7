// The range: a button with its words, and beneath it lengths to choose, another length, or both ends.

import { strings } from "../strings.js";
import { param, setRange, canRangeBack, rangeBack } from "../state.js";
import { isRelative, rangeWords, resolveTime } from "../time.js";
import { el, icon, iconButton, setText } from "./dom.js";
import { popoverButton } from "./popover.js";

const quick = ["now-5m", "now-15m", "now-30m", "now-1h", "now-3h", "now-6h", "now-12h", "now-24h", "now-2d", "now-7d", "now-30d", "now-90d"];
const named = ["now/d", "now-1d/d", "now/w", "now/M"];

const usual = { from: "now-6h", to: "now" };
let standard = usual;

/** What holds where the URL names no range: the board's own; null for the usual one. */
export const setStandardRange = (range) => { standard = range ?? usual; };

export const range = () => ({ from: param("from", standard.from), to: param("to", standard.to) });

/** Both ends in milliseconds. */
export const resolvedRange = (utc) => {
  const { from, to } = range();
  const end = resolveTime(to, { end: true, utc }) ?? Date.now();
  return { from: resolveTime(from, { utc }) ?? end - 6 * 3600e3, to: end };
};

const shift = (utc, direction) => {
  const { from, to } = resolvedRange(utc);
  const half = Math.round((to - from) / 2) * direction;
  setRange(from + half, to + half);
};

const widen = (utc) => {
  const { from, to } = resolvedRange(utc);
  const half = Math.round((to - from) / 2);
  // A range that follows the clock goes on following it.
  if (isRelative(range().to) && /^now-\d+[smhd]$/.test(range().from) && range().to === "now") {
    const length = Math.round((to - from) / 1000) * 2;
    return setRange(length % 86400 === 0 ? `now-${length / 86400}d` : length % 3600 === 0 ? `now-${length / 3600}h` : length % 60 === 0 ? `now-${length / 60}m` : `now-${length}s`, "now");
  }
  setRange(from - half, Math.min(to + half, Date.now()));
};

// What a datetime-local field takes, in the zone that is shown.
const toField = (time, utc) => {
  const date = new Date(time);
  const local = utc ? date : new Date(time - date.getTimezoneOffset() * 60000);
  return local.toISOString().slice(0, 19);
};
const fromField = (text, utc) => {
  const time = Date.parse(utc ? `${text}Z` : text);
  return Number.isNaN(time) ? null : time;
};

const build = (format, close) => {
  const words = strings.time;
  const utc = format.zone === "utc";
  const now = range();
  const choose = (from, to) => { close(); setRange(from, to); };
  const choice = (from, to) => el("button", {
    type: "button", class: "range-choice", "aria-pressed": String(now.from === from && now.to === to), onclick: () => choose(from, to),
  }, rangeWords(from, to, format));

  const amount = el("input", { type: "number", class: "field", min: "1", max: "9999", value: "2", required: true, "aria-label": words.amount });
  const unit = el("select", { class: "field", "aria-label": words.unit },
    Object.entries(words.units).map(([value, [, more]]) => el("option", { value, selected: value === "h" }, more)));
  const other = el("form", { class: "range-other", onsubmit: (event) => { event.preventDefault(); choose(`now-${Number(amount.value)}${unit.value}`, "now"); } },
    el("span", {}, words.lastWord), amount, unit, el("button", { type: "submit", class: "button" }, words.apply));

  const ends = resolvedRange(utc);
  const from = el("input", { type: "datetime-local", class: "field", step: "1", required: true, value: toField(ends.from, utc) });
  const to = el("input", { type: "datetime-local", class: "field", step: "1", required: true, value: toField(ends.to, utc) });
  const complaint = el("p", { class: "complaint", role: "alert" });
  const absolute = el("form", {
    class: "range-absolute",
    onsubmit: (event) => {
      event.preventDefault();
      const start = fromField(from.value, utc);
      const end = fromField(to.value, utc);
      if (start === null || end === null || end <= start) return setText(complaint, words.wrong);
      choose(start, end);
    },
  }, el("label", {}, words.from, from), el("label", {}, words.to, to), complaint, el("button", { type: "submit", class: "button primary" }, words.apply));

  const content = el("div", { class: "range-popover" },
    el("section", {}, el("h2", {}, words.quick),
      el("div", { class: "range-choices" }, quick.map((each) => choice(each, "now")), named.map((each) => choice(each, each === "now-1d/d" ? each : "now")))),
    el("section", {}, el("h2", {}, words.absolute), absolute, el("h2", {}, words.other), other));
  return { content, focus: content.querySelector('[aria-pressed="true"]') ?? content.querySelector("button") };
};

/** The controls; `update(format)` after the URL has changed. */
export const timePicker = (getFormat) => {
  const words = el("span", { class: "range-words" });
  const button = popoverButton(
    el("button", { type: "button", class: "button range-button", title: strings.time.range }, icon("clock"), words, icon("down")),
    (close) => build(getFormat(), close), { label: strings.time.range, className: "range-panel", alignEnd: true });
  const utc = () => getFormat().zone === "utc";
  const back = iconButton("back", strings.time.back, rangeBack, { class: "icon-button range-back" });
  const later = iconButton("right", strings.time.later, () => shift(utc(), 1));
  const element = el("div", { class: "time-controls", role: "group", "aria-label": strings.time.range },
    back, iconButton("left", strings.time.earlier, () => shift(utc(), -1)), button, later, iconButton("wider", strings.time.wider, () => widen(utc())));
  return {
    element,
    update: () => {
      const { from, to } = range();
      const told = rangeWords(from, to, getFormat());
      setText(words, told);
      button.setAttribute("aria-label", `${strings.time.range}: ${told}`);
      back.disabled = !canRangeBack();
      later.disabled = isRelative(to);
    },
  };
};
