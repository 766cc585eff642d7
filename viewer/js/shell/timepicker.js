// The range: a button with its words, and beneath it lengths to choose, or both ends to write.

import * as words from "../strings.js";
import { canRangeBack, param, rangeBack, setRange } from "../state.js";
import { isRelative, rangeWords, readTime, writeTime } from "../time.js";
import { el, icon, iconButton, setAttribute, setText } from "./dom.js";
import { popoverButton } from "./popover.js";

const quick = ["now-5m", "now-15m", "now-30m", "now-1h", "now-3h", "now-6h", "now-12h", "now-24h", "now-2d", "now-7d", "now-30d", "now-90d"].map((from) => [from, "now"]);
const named = [["now/d", "now"], ["now-1d/d", "now-1d/d"], ["now/w", "now"], ["now/M", "now"]];

const usual = { from: "now-1h", to: "now" };
let standard = usual;
let resolved = null;

/** What holds where the URL names no range: the board's own; null for the usual one. */
export const setStandardRange = (range) => { standard = range ?? usual; };

/** Both ends in milliseconds, as the server has understood them. */
export const setResolvedRange = (range) => { resolved = range; };

export const range = () => ({ from: param("from", standard.from), to: param("to", standard.to) });

/** Moves the ends by parts of the range's length. */
const move = (before, after) => {
  if (!resolved) return;
  const { from, to } = resolved;
  setRange(Math.round(from + before * (to - from)), Math.round(to + after * (to - from)));
};

const widen = () => {
  const { from, to } = range();
  const [, length, unit] = /^now-(\d+)([smhdwMy])$/.exec(from) ?? [];
  // A range that follows the clock goes on following it.
  if (unit && to === "now") setRange(`now-${length * 2}${unit}`, to);
  else move(-0.5, 0.5);
};

const build = (format, popover) => {
  const now = range();
  const choose = (from, to) => {
    popover.hidePopover();
    setRange(from, to);
  };
  const choice = ([from, to]) => {
    const isNow = now.from === from && now.to === to;
    return el("button.menu-item", { "aria-pressed": String(isNow), autofocus: isNow, onclick: () => choose(from, to) }, rangeWords(from, to, format));
  };
  // As text: the browser's own fields have a clock of their own.
  const end = (name) => el("input.field", {
    type: "text", required: true, autocomplete: "off", spellcheck: false, value: resolved && /^\d+$/.test(now[name]) ? writeTime(resolved[name], format.isUTC) : now[name],
    onfocus: ({ target }) => target.select(),
  });
  const [from, to] = [end("from"), end("to")];
  const complaint = el("p.complaint", { role: "alert" });
  const submit = (event) => {
    event.preventDefault();
    const [start, stop] = [from, to].map(({ value }) => readTime(value.trim(), format.isUTC));
    const isBackwards = [start, stop].every(Number.isFinite) && stop <= start;
    if (start === null || stop === null || isBackwards) setText(complaint, words.timeWrong);
    else choose(start, stop);
  };
  return el("div.range-popover",
    el("section", el("h2", words.untilNow), el("div.pair", [...quick, ...named].map(choice))),
    el("section", el("h2", words.fromTo), el("form.form", { onsubmit: submit }, el("label", words.from, from), el("label", words.to, to),
      el("p.hint", words.timeHint), el("p.hint.code", writeTime(Date.now(), format.isUTC)), complaint, el("button.button.primary", { type: "submit" }, words.apply))));
};

/** The controls; `update()` after the URL has changed. */
export const timePicker = (format) => {
  const told = el("span.cut");
  const button = popoverButton(el("button.button.range-button", icon("clock"), told, icon("down")), (popover) => build(format(), popover), { label: words.range, alignEnd: true });
  const back = iconButton("back", words.rangeBack, rangeBack, ".range-back");
  const later = iconButton("right", words.later, () => move(0.5, 0.5));
  const element = el("div.joined.time-controls", { role: "group", "aria-label": words.range },
    back, iconButton("left", words.earlier, () => move(-0.5, -0.5)), button, later, iconButton("wider", words.wider, widen));
  const update = () => {
    const { from, to } = range();
    setText(told, rangeWords(from, to, format()));
    setAttribute(button, "aria-label", `${words.range}: ${told.textContent}`);
    back.disabled = !canRangeBack();
    later.disabled = isRelative(to);
  };
  return { element, update };
};
