// A panel's frame: title, badges and menu around what js/panels draws. It is drawn only while it is near the visible part.

import * as words from "../strings.js";
import { isAbort } from "../api.js";
import { panelFor } from "../panels/index.js";
import { themes } from "../draw/colors.js";
import { navigate, setParams, setRange } from "../state.js";
import { el, icon, iconButton, setAttribute, setText } from "./dom.js";
import { inspect } from "./inspect.js";
import { menuButton, note, popoverButton } from "./popover.js";
import { loadPanel } from "./query.js";
import { range } from "./timepicker.js";

/** An amber badge with the number of problems, which opens their list. `set(problems)`. */
export const problemBadge = () => {
  let problems = [];
  const count = el("span");
  const element = popoverButton(el("button.mark", icon("problem"), count), () => note(el("ul", problems.map((each) => el("li", each)))), { label: words.problems(2), alignEnd: true });
  const set = (next) => {
    problems = [...new Set(next)];
    element.hidden = problems.length === 0;
    setText(count, String(problems.length));
    setAttribute(element, "aria-label", words.problems(problems.length));
  };
  return { element, set };
};

// What makes it another picture, and what another question.
const lookOf = ({ type, supported, options, defaults, overrides, targets }) => JSON.stringify([type, supported, options, defaults, overrides, targets?.map(({ legend, ref }) => [legend, ref])]);
const questionOf = ({ targets, start, end, table }) => JSON.stringify([targets, start, end, table]);

/** `board` is the page's (board.js). Returns `{element, set(panel), near(is), refresh(), resetLook(), crosshair(time), destroy()}`. */
export const makePanel = (first, board) => {
  const { context } = board;
  const { key } = first;
  let panel = first;
  let renderer = null;
  let data = null;
  let loaded = null;
  let isNear = false;
  let isWanted = true;
  let abort = null;
  let size = null;

  const isFull = () => board.isFull(key);
  const toggleFull = () => setParams({ viewPanel: isFull() ? null : key });
  const csv = () => `/export.csv?board=${encodeURIComponent(board.spec().uid)}&panel=${encodeURIComponent(key)}&${board.query()}`;
  const menuItems = () => [
    { words: isFull() ? words.leaveFull : words.full, action: toggleFull },
    ...(panel.noQuery ? [] : [{ words: words.inspect, action: () => inspect(panel, data, context.format(), csv()) }, { words: words.csv, href: csv(), download: "" }]),
    ...(panel.description ? [{ words: words.about, content: () => note(panel.description.split(/\n{2,}/).map((part) => el("p", part))) }] : []),
    ...(panel.links ?? []).map(({ title: label, url, newTab }) => ({ words: label, href: url, newTab })),
  ];

  const title = el("h3.panel-title", { id: `panel-${key}` });
  const age = el("span.mark", { hidden: true });
  const badge = problemBadge();
  const menuLabel = words.panelMenu(first.title || words.untitled);
  const menu = menuButton(iconButton("menu", menuLabel, null, ".panel-menu"), menuLabel, menuItems);
  const body = el("div.panel-body");
  const element = el("section.card.panel", { "aria-labelledby": title.id, "data-key": key },
    el("header.panel-head", title, age, badge.element, menu, iconButton("close", words.leaveFull, toggleFull, ".panel-leave")), body);

  const showFrame = () => {
    setText(title, panel.title || "");
    title.title = [panel.title, panel.description].filter(Boolean).join("\n\n");
    badge.set([...(panel.problems ?? []), ...(data?.problems ?? []), ...(data?.errors ?? []).map(({ ref, message }) => (ref ? `${ref}: ${message}` : message))]);
    const format = context.format();
    const old = data?.age ?? null;
    age.hidden = old === null;
    setText(age, words.age(format.duration(old)));
    age.title = old === null ? "" : words.ageTitle(format.dateTime(data.to - old * 1000));
    element.dataset.type = panel.type;
    const isValue = panel.type === "stat" || panel.type === "gauge";
    const is = { untitled: !panel.title, full: isFull(), low: panel.h <= 3 || isValue, flat: panel.h === 1 && !isFull(), small: isValue && panel.w <= 8 };
    for (const [name, value] of Object.entries(is)) element.classList.toggle(name, value);
    for (const [name, value] of [["--x", panel.x + 1], ["--w", panel.w], ["--y", panel.y - board.top(panel) + 1], ["--h", panel.h]]) element.style.setProperty(name, value);
  };

  const look = () => ({
    theme: themes[context.themeName()], format: context.format(), strings: words.strings, reducedMotion: matchMedia("(prefers-reduced-motion: reduce)").matches,
    onZoom: (from, to) => setRange(Math.round(from), Math.round(to)), onCrosshair: (time) => board.onCrosshair(time, key), navigate,
    timeRange: () => new URLSearchParams(range()).toString(), allVariables: board.variables,
  });

  // One panel that cannot be drawn is one frame with the reason; the board goes on.
  const guarded = (draw) => {
    try {
      draw();
    } catch (error) {
      renderer = null;
      console.warn(panel.title, error);
      body.replaceChildren(el("p.panel-failure", words.broken(error.message)));
    }
  };

  const create = () => guarded(() => {
    renderer?.destroy();
    body.replaceChildren();
    renderer = panelFor(panel.supported ? panel.type : "").create(panel, body, look());
    if (size) renderer.resize(...size);
    if (data) renderer.update(data);
  });

  const watch = new ResizeObserver(([{ contentRect: { width, height } }]) => {
    if (width === 0 || height === 0) return;
    size = [Math.floor(width), Math.floor(height)];
    renderer?.resize(...size);
  });
  watch.observe(body);

  const load = async () => {
    abort?.abort();
    abort = new AbortController();
    const { signal } = abort;
    const slow = setTimeout(() => element.classList.add("loading"), 300);
    try {
      const next = await loadPanel(panel, { before: loaded, board, signal });
      if (signal.aborted) return;
      loaded = next;
      data = next.data;
      element.classList.remove("outdated");
      element.dataset.drawn = "";
      guarded(() => renderer?.update(data));
      showFrame();
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      // Nobody answered: what was there stays, grey. The next refresh asks again.
      isWanted = true;
      element.classList.add("outdated");
    } finally {
      clearTimeout(slow);
      if (!signal.aborted) element.classList.remove("loading");
    }
  };

  /** Loads if something changed or the last attempt failed, and if it can be seen. */
  const refresh = async () => {
    if (!isNear || !isWanted) return;
    isWanted = false;
    if (!renderer) create();
    await load();
  };

  return {
    element,
    key,
    refresh,
    /** Takes the panel as it is resolved now; asks anew when the question or the time is another one. */
    set: (next) => {
      const isOther = lookOf(next) !== lookOf(panel);
      if (isOther || questionOf(next) !== questionOf(panel) || next.table) isWanted = true;
      panel = next;
      showFrame();
      if (!isOther) return;
      loaded = null;
      if (renderer) create();
    },
    near: (is) => {
      isNear = is;
      return refresh();
    },
    resetLook: () => {
      if (renderer) create();
      showFrame();
    },
    crosshair: (time) => renderer?.crosshair?.(time),
    destroy: () => {
      abort?.abort();
      watch.disconnect();
      renderer?.destroy();
    },
  };
};
