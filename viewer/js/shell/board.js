// A board: its variables, its rows and its panels on Grafana's grid of 24 columns. The server resolves it, anew at each
// refresh; the panels then ask for what has changed.

import { strings } from "../strings.js";
import { get } from "../api.js";
import { navigate, param, setParams, setRange, state, withRange } from "../state.js";
import { el, icon, setAttribute, setText } from "./dom.js";
import { makePanel } from "./panel.js";
import { menuButton } from "./popover.js";
import { makeNews } from "./query.js";
import { range, setStandardRange } from "./timepicker.js";
import { variableRow } from "./variables.js";

const words = strings.board;
const widthStep = 40;

/** The range that a board opened with, read off what came of it. */
const standardOf = ({ from, to }, asked) => {
  if (asked.includes("from=")) return range();
  const minutes = Math.round((to - from) / 60000);
  return Math.abs(to - Date.now()) > 60000 ? { from: String(from), to: String(to) } : { from: minutes % 60 === 0 ? `now-${minutes / 60}h` : `now-${minutes}m`, to: "now" };
};

/** The rows with what lies under each; what lies above the first row comes first. */
const sectionsOf = (panels) => {
  const sections = [{ row: null, panels: [] }];
  const byKey = new Map([[null, sections[0]]]);
  for (const panel of panels) {
    if (panel.type === "row") {
      const section = { row: panel, panels: [] };
      sections.push(section);
      byKey.set(panel.key, section);
    } else {
      (byKey.get(panel.row ?? null) ?? sections[0]).panels.push(panel);
    }
  }
  return sections.filter((section) => section.row || section.panels.length > 0);
};

export const boardPage = (root, context) => {
  const uid = state.uid;
  let spec = null;
  let abort = null;
  let panels = new Map();
  let tops = new Map();
  let sections = new Map();
  let width = 0;
  let lastAsked = null;
  const news = makeNews();

  const variables = variableRow();
  const related = menuButton(el("button", { type: "button", class: "button quiet related" }, words.related, icon("down")), words.related, () =>
    spec.links.map((each) => ({ words: each.title, href: each.keepTime ? withRange(each.url) : each.url, newTab: each.newTab })));
  related.hidden = true;
  const title = el("h1", { class: "board-title" });
  const problems = el("p", { class: "notice failure", role: "alert", hidden: true });
  const body = el("div", { class: "sections" });
  const bar = el("div", { class: "board-bar" }, title, variables.element, related);
  root.append(bar, problems, body);

  const query = () => {
    const params = new URLSearchParams();
    // Before the board has said with which range it opens, the server is left to know it.
    if (spec || state.params.has("from")) for (const [name, value] of Object.entries(range())) params.set(name, value);
    params.set("width", String(width));
    params.set("offset", String(context.format().zone === "utc" ? 0 : -new Date().getTimezoneOffset() * 60));
    for (const [name, value] of state.params) if (name.startsWith("var-")) params.append(name, value);
    return params.toString();
  };

  const crosshairs = { time: null, from: null, frame: 0 };
  const board = {
    context, query, news,
    spec: () => spec,
    top: (panel) => tops.get(panel.row ?? null) ?? 0,
    isFull: (panel) => param("viewPanel") === panel.key,
    onZoom: (from, to) => setRange(Math.round(from), Math.round(to)),
    navigate,
    variables: () => new URLSearchParams(spec.variables.flatMap(({ name, current }) => current.map((value) => [`var-${name}`, value]))).toString(),
    onCrosshair: (time, from) => {
      if (spec.graphTooltip === 0) return;
      crosshairs.time = time;
      crosshairs.from = from;
      crosshairs.frame ||= requestAnimationFrame(() => {
        crosshairs.frame = 0;
        for (const panel of panels.values()) if (panel.key !== crosshairs.from) panel.crosshair(crosshairs.time);
      });
    },
  };

  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) panels.get(entry.target.dataset.key)?.near(entry.isIntersecting);
  }, { rootMargin: "400px 0px" });

  const isClosed = (row) => state.params.getAll("toggled").includes(row.key) !== Boolean(row.collapsed);
  const toggle = (row) => {
    const toggled = new Set(state.params.getAll("toggled"));
    if (!toggled.delete(row.key)) toggled.add(row.key);
    setParams({ toggled: [...toggled] }, { replace: true });
  };

  const makeSection = ({ row }) => {
    const grid = el("div", { class: "grid" });
    if (!row) return { element: el("div", { class: "board-section" }, grid), grid, set: () => {} };
    const name = el("span", {});
    const button = el("button", { type: "button", class: "row-head", onclick: () => toggle(sections.get(row.key).row) }, icon("down"), name);
    const element = el("div", { class: "board-section" }, el("h2", {}, button), grid);
    return {
      element, grid, row,
      set(next) {
        this.row = next;
        setText(name, next.title || words.row);
        const closed = isClosed(next);
        setAttribute(button, "aria-expanded", String(!closed));
        element.classList.toggle("closed", closed);
      },
    };
  };

  /** Puts sections and panels where the resolved board has them, and keeps those that are there. */
  const arrange = () => {
    const wanted = sectionsOf(spec.panels);
    tops = new Map(wanted.map((section) => [section.row?.key ?? null, Math.min(...section.panels.map((panel) => panel.y))]));
    const nextSections = new Map();
    const nextPanels = new Map();
    for (const part of wanted) {
      const key = part.row?.key ?? null;
      const section = sections.get(key) ?? makeSection(part);
      nextSections.set(key, section);
      section.set(part.row);
      for (const each of part.panels) {
        let panel = panels.get(each.key);
        if (panel) panel.set(each);
        else {
          panel = makePanel(each, board);
          observer.observe(panel.element);
        }
        nextPanels.set(each.key, panel);
      }
      const elements = part.panels.map((each) => nextPanels.get(each.key).element);
      if (elements.some((each, at) => section.grid.children[at] !== each) || section.grid.children.length !== elements.length) section.grid.replaceChildren(...elements);
    }
    for (const [key, panel] of panels) {
      if (nextPanels.has(key)) continue;
      observer.unobserve(panel.element);
      panel.destroy();
    }
    panels = nextPanels;
    sections = nextSections;
    const order = [...sections.values()].map((section) => section.element);
    if (order.some((each, at) => body.children[at] !== each) || body.children.length !== order.length) body.replaceChildren(...order);
    body.classList.toggle("has-full", panels.has(param("viewPanel")));
    document.documentElement.classList.toggle("full-panel", panels.has(param("viewPanel")));
  };

  const load = async () => {
    width = Math.max(320, Math.floor(body.clientWidth / widthStep) * widthStep);
    abort?.abort();
    abort = new AbortController();
    const { signal } = abort;
    const asked = query();
    lastAsked = asked;
    try {
      const next = await get(`/api/boards/${encodeURIComponent(uid)}?${asked}`, signal);
      if (signal.aborted) return;
      spec = next;
      news.begin(spec, signal);
      context.setTitle(spec.title);
      setStandardRange(spec.time ?? standardOf(spec, asked));
      context.setDefaults(spec.refresh, spec.timezone);
      // The same question, now with the range that the board brought.
      lastAsked = query();
      bar.hidden = false;
      setText(title, spec.title);
      title.title = spec.description ?? "";
      variables.set(spec.variables);
      related.hidden = spec.links.length === 0;
      problems.hidden = spec.problems.length === 0;
      setText(problems, spec.problems.join(" "));
      if (spec.panels.length === 0) body.replaceChildren(el("p", { class: "notice" }, words.empty));
      else arrange();
      root.classList.remove("waiting", "outdated");
      await Promise.all([...panels.values()].map((panel) => panel.refresh()));
    } catch (error) {
      if (error.name === "AbortError") return;
      root.classList.remove("waiting");
      root.classList.toggle("outdated", spec !== null);
      if (error.offline) return;
      bar.hidden = spec === null;
      problems.hidden = false;
      setText(problems, spec ? error.message : `${words.failed(uid)}: ${error.message}`);
    }
  };

  const update = () => {
    if (query() !== lastAsked) load();
    else if (spec) arrange();
  };
  const resized = new ResizeObserver(() => {
    clearTimeout(resizing);
    resizing = setTimeout(() => {
      if (spec && Math.abs(body.clientWidth - width) >= 3 * widthStep) load();
    }, 400);
  });
  let resizing = 0;
  resized.observe(body);

  const escape = (event) => {
    if (event.key === "Escape" && param("viewPanel") && !event.defaultPrevented && !document.querySelector("dialog[open], .popover")) setParams({ viewPanel: null });
  };
  document.addEventListener("keydown", escape);

  setStandardRange(null);
  root.classList.add("waiting");
  load();
  return {
    update,
    refresh: load,
    lookChanged: () => { for (const panel of panels.values()) panel.resetLook(); },
    destroy: () => {
      abort?.abort();
      observer.disconnect();
      resized.disconnect();
      clearTimeout(resizing);
      document.removeEventListener("keydown", escape);
      document.documentElement.classList.remove("full-panel");
      for (const panel of panels.values()) panel.destroy();
    },
  };
};
