// A panel's frame: title, badges and menu around what js/panels draws. It is drawn only while it is near the visible part.

import { strings } from "../strings.js";
import { panelFor } from "../panels/index.js";
import { themes } from "../draw/colors.js";
import { setParams } from "../state.js";
import { el, icon, iconButton, setAttribute, setText } from "./dom.js";
import { inspect } from "./inspect.js";
import { menuButton, popoverButton } from "./popover.js";
import { loadPanel } from "./query.js";
import { range } from "./timepicker.js";

const words = strings.panel;

/**
 * `board`: `{context, spec(), query(), onZoom, onCrosshair, downTargets(), annotations()}`.
 * Returns `{element, set(panel), near(is), refresh(), resetLook(), crosshair(time), destroy()}`.
 */
export const makePanel = (first, board) => {
  const { context } = board;
  let panel = first;
  let renderer = null;
  let data = null;
  let loaded = null;
  let isNear = false;
  let isWanted = true;
  let abort = null;
  let size = null;

  const title = el("h3", { class: "panel-title", id: `panel-${first.key}` });
  const about = popoverButton(iconButton("info", "", null, { class: "icon-button panel-about", hidden: true }),
    () => ({ content: el("div", { class: "about", tabIndex: -1 }, panel.description.split(/\n{2,}/).map((part) => el("p", {}, part))) }), { label: words.about(first.title) });
  const problemCount = el("span", {});
  const problems = popoverButton(el("button", { type: "button", class: "badge-button", hidden: true }, icon("problem"), problemCount),
    () => ({ content: el("ul", { class: "about problems", tabIndex: -1 }, complaints().map((each) => el("li", {}, each))) }), { label: words.problems(2), alignEnd: true });
  const age = el("span", { class: "age", hidden: true });
  const full = () => setParams({ viewPanel: board.isFull(panel) ? null : panel.key });
  const csv = () => (panel.noQuery ? null : `/export.csv?board=${encodeURIComponent(board.spec().uid)}&panel=${encodeURIComponent(panel.key)}&${board.query()}`);
  const menu = menuButton(iconButton("menu", words.menu(first.title || words.untitled), null, { class: "icon-button panel-menu" }), words.menu(first.title || words.untitled), () => [
    { words: board.isFull(panel) ? words.leaveFull : words.full, action: full },
    ...(panel.noQuery ? [] : [
      { words: words.inspect, action: () => inspect(panel, data, context.format(), csv()) },
      { words: words.csv, href: csv(), download: "" },
    ]),
    ...(panel.links ?? []).map((each) => ({ words: each.title, href: each.url, newTab: each.newTab })),
  ]);
  const leave = iconButton("close", words.leaveFull, full, { class: "icon-button panel-leave" });
  const body = el("div", { class: "panel-body" });
  const element = el("section", { class: "panel", "aria-labelledby": title.id, "data-type": first.type, "data-key": first.key },
    el("header", { class: "panel-head" }, title, about, el("span", { class: "panel-badges" }, age, problems), menu, leave), body);

  const complaints = () => [...(panel.problems ?? []), ...(data?.errors ?? []).map(({ ref, message }) => (ref ? `${ref}: ${message}` : message))];

  const frame = () => {
    setText(title, panel.title || "");
    title.classList.toggle("unseen", !panel.title);
    title.title = panel.title ?? "";
    element.classList.toggle("untitled", !panel.title);
    about.hidden = !panel.description;
    setAttribute(about, "aria-label", words.about(panel.title || words.untitled));
    setAttribute(about, "title", panel.description || null);
    const count = complaints().length;
    problems.hidden = count === 0;
    setText(problemCount, String(count));
    setAttribute(problems, "aria-label", words.problems(count));
    const format = context.format();
    const old = data?.age ?? null;
    age.hidden = old === null;
    setText(age, old === null ? "" : words.age(format.duration(old)));
    setAttribute(age, "title", old === null ? null : words.ageTitle(format.dateTime(data.to - old * 1000)));
    const isFull = board.isFull(panel);
    element.classList.toggle("full", isFull);
    for (const [name, value] of [["--x", panel.x + 1], ["--w", panel.w], ["--y", panel.y - board.top(panel) + 1], ["--h", panel.h]]) element.style.setProperty(name, value);
  };

  const look = () => ({
    theme: themes[context.themeName()], format: context.format(), strings: strings, reducedMotion: matchMedia("(prefers-reduced-motion: reduce)").matches,
    onZoom: board.onZoom, onCrosshair: (time) => board.onCrosshair(time, panel.key), navigate: board.navigate,
    timeRange: () => new URLSearchParams(range()).toString(), allVariables: board.variables,
  });

  const create = () => {
    renderer?.destroy();
    body.replaceChildren();
    try {
      renderer = panelFor(panel.type).create(panel, body, look());
      if (size) renderer.resize(size.width, size.height);
      if (data) renderer.update(data);
    } catch (error) {
      renderer = null;
      fail(error);
    }
  };

  // One panel that cannot be drawn is one frame with the reason, the board goes on.
  const fail = (error) => {
    console.warn(panel.title, error);
    body.replaceChildren(el("p", { class: "panel-failure" }, words.broken(error.message)));
  };

  const watch = new ResizeObserver(([entry]) => {
    const { width, height } = entry.contentRect;
    if (width === 0 || height === 0) return;
    size = { width: Math.floor(width), height: Math.floor(height) };
    renderer?.resize(size.width, size.height);
  });
  watch.observe(body);

  const update = () => {
    if (!isNear || !isWanted) return Promise.resolve();
    isWanted = false;
    if (!renderer) create();
    return load();
  };

  const load = async () => {
    abort?.abort();
    abort = new AbortController();
    const { signal } = abort;
    const asked = panel;
    const slow = setTimeout(() => element.classList.add("loading"), 300);
    try {
      const next = await loadPanel(asked, { before: loaded, board, signal });
      if (signal.aborted) return;
      loaded = next;
      data = next.data;
      element.classList.remove("outdated");
      element.dataset.drawn = "";
      try {
        renderer?.update(data);
      } catch (error) {
        fail(error);
      }
      frame();
    } catch (error) {
      if (signal.aborted || error.name === "AbortError") return;
      // Nobody answered: what was there stays, grey. The next refresh asks again.
      isWanted = true;
      element.classList.add("outdated");
    } finally {
      clearTimeout(slow);
      if (!signal.aborted) element.classList.remove("loading");
    }
  };

  frame();
  return {
    element,
    key: first.key,
    /** Takes the panel as it is resolved now; asks anew when the question or the time is another one. */
    set: (next) => {
      const drawing = ({ type, options, defaults, overrides, targets }) => JSON.stringify([type, options, defaults, overrides, targets?.map(({ legend, ref }) => [legend, ref])]);
      const asking = ({ targets, start, end, table }) => JSON.stringify([targets, start, end, table]);
      const isOther = drawing(next) !== drawing(panel);
      if (isOther || asking(next) !== asking(panel) || next.table) isWanted = true;
      panel = next;
      element.dataset.type = next.type;
      frame();
      if (isOther) {
        loaded = null;
        if (renderer) create();
      }
    },
    near: (is) => {
      isNear = is;
      return update();
    },
    /** Loads if something changed or the last attempt failed, and if it can be seen. */
    refresh: update,
    want: () => { isWanted = true; },
    resetLook: () => {
      if (renderer) create();
      frame();
    },
    crosshair: (time) => renderer?.crosshair?.(time),
    destroy: () => {
      abort?.abort();
      watch.disconnect();
      renderer?.destroy();
      element.remove();
    },
  };
};
