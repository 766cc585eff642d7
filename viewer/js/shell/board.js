// A board: its variables, its rows and its panels on Grafana's grid of 24 columns. The server resolves it, anew at each
// refresh; the panels then ask for what has changed.

import * as words from "../strings.js";
import { facts, get, isAbort } from "../api.js";
import { param, setParams, state } from "../state.js";
import { el, icon, keyed, setAttribute, setText } from "./dom.js";
import { linksOf } from "./links.js";
import { makePanel, problemBadge } from "./panel.js";
import { menuButton } from "./popover.js";
import { makeNews } from "./query.js";
import { range, setResolvedRange, setStandardRange } from "./timepicker.js";
import { variableRow } from "./variables.js";

const widthStep = 40;
// The server reads no more in a URL.
const mostValues = 400;

/** The rows with what lies under each; what lies above the first row comes first. */
const sectionsOf = (panels) => {
  const sections = [{ key: "", row: null, panels: [] }];
  for (const panel of panels) {
    if (panel.type === "row") sections.push({ key: panel.key, row: panel, panels: [] });
    else (sections.find(({ key }) => key === panel.row) ?? sections[0]).panels.push(panel);
  }
  return sections.filter(({ row, panels: own }) => row || own.length > 0);
};

export const boardPage = (root, context) => {
  const { uid } = state;
  let spec = null;
  let abort = null;
  let tops = new Map();
  let width = 0;
  let lastAsked = null;
  const news = makeNews();

  const title = el("h1.cut.board-title");
  const badge = problemBadge();
  const variables = variableRow();
  const linkWords = el("span");
  const links = menuButton(el("button.button.quiet", linkWords, icon("down")), words.links, () => linksOf(spec));
  const bar = el("div.board-bar", { hidden: true }, title, badge.element, variables.element, links);
  const failure = el("p.notice.failure", { role: "alert", hidden: true });
  const empty = el("p.notice", { hidden: true }, words.boardEmpty);
  const body = el("div");
  root.append(bar, failure, empty, body);

  const chosen = () => [...state.params].filter(([name]) => name.startsWith("var-"));
  const query = () => {
    const offset = context.format().isUTC ? 0 : -new Date().getTimezoneOffset() * 60;
    // Before the board has said with which range it opens, the server is left to know it.
    const times = spec || state.params.has("from") ? Object.entries(range()) : [];
    return new URLSearchParams([...times, ["width", width], ["offset", offset], ...chosen()]).toString();
  };

  const panels = () => sections.all().flatMap((section) => section.panels.all());
  let crosshair = null;
  const drawCrosshair = () => {
    const { time, from } = crosshair;
    crosshair = null;
    for (const panel of panels()) if (panel.key !== from) panel.crosshair(time);
  };
  const board = {
    context, query, news,
    spec: () => spec,
    top: (panel) => tops.get(panel.row ?? "") ?? 0,
    isFull: (key) => param("viewPanel") === key,
    variables: () => new URLSearchParams(spec.variables.flatMap(({ name, current }) => current.map((value) => [`var-${name}`, value]))).toString(),
    onCrosshair: (time, from) => {
      if (spec.graphTooltip === 0) return;
      if (!crosshair) requestAnimationFrame(drawCrosshair);
      crosshair = { time, from };
    },
  };

  const byElement = new WeakMap();
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) byElement.get(target)?.near(isIntersecting);
  }, { rootMargin: "400px 0px" });
  const makeObserved = (panelSpec) => {
    const panel = makePanel(panelSpec, board);
    byElement.set(panel.element, panel);
    observer.observe(panel.element);
    return panel;
  };

  const toggled = () => state.params.getAll("toggled");
  const toggle = (key) => setParams({ toggled: toggled().includes(key) ? toggled().filter((each) => each !== key) : [...toggled(), key] }, { replace: true });

  const makeSection = ({ key, row }) => {
    const grid = el("div.grid");
    const own = keyed(grid, (panel) => panel.key, makeObserved);
    const name = el("span");
    const head = el("button.line.row-head", { onclick: () => toggle(key) }, icon("down"), name);
    const element = el("div.board-section", row && el("h2", head), grid);
    const set = (section) => {
      own.set(section.panels);
      if (!section.row) return;
      const isClosed = toggled().includes(key) !== Boolean(section.row.collapsed);
      setText(name, section.row.title || words.row);
      setAttribute(head, "aria-expanded", String(!isClosed));
      element.classList.toggle("closed", isClosed);
    };
    return { element, set, panels: own, destroy: () => own.set([]) };
  };
  const sections = keyed(body, (section) => section.key, makeSection);

  /** Puts sections and panels where the resolved board has them, and keeps those that are there. */
  const arrange = () => {
    const wanted = sectionsOf(spec.panels);
    tops = new Map(wanted.map((section) => [section.key, Math.min(...section.panels.map((panel) => panel.y))]));
    sections.set(wanted);
    empty.hidden = wanted.length > 0;
    const hasFull = panels().some((panel) => board.isFull(panel.key));
    document.documentElement.classList.toggle("has-full", hasFull);
  };

  const show = (next) => {
    spec = next;
    context.setTitle(spec.title);
    setStandardRange(spec.time);
    setResolvedRange(spec);
    context.setDefaults(spec.refresh, spec.timezone);
    // The same question, now with the range that the board brought.
    lastAsked = query();
    bar.hidden = false;
    failure.hidden = true;
    setText(title, spec.title);
    title.title = spec.description ?? "";
    badge.set([...spec.problems, ...spec.variables.filter(({ problem }) => problem).map(({ label, problem }) => words.problemOf(label, problem))]);
    variables.set(spec.variables);
    const found = linksOf(spec);
    // A menu that is open does not grow: before it is known which boards there are, it would be short.
    links.hidden = found.length === 0 || !facts.boards && spec.links.some(({ tags }) => tags);
    setText(linkWords, found.every(({ href }) => href.startsWith("/d/")) ? words.otherBoards : words.links);
    root.classList.remove("waiting", "outdated");
    arrange();
  };

  const fail = (message) => {
    root.classList.remove("waiting");
    root.classList.toggle("outdated", spec !== null);
    failure.hidden = message === null;
    // The server's reasons end as they like.
    setText(failure, spec || message === null ? message ?? "" : words.boardFailed(uid, message.replace(/\.*$/, ".")));
  };

  const load = async () => {
    width = Math.max(320, Math.floor(body.clientWidth / widthStep) * widthStep);
    abort?.abort();
    abort = new AbortController();
    const { signal } = abort;
    lastAsked = query();
    const count = chosen().length;
    if (count > mostValues) return fail(words.tooMany(context.format().whole(count), mostValues));
    try {
      const next = await get(`/api/boards/${encodeURIComponent(uid)}?${lastAsked}`, signal);
      if (signal.aborted) return;
      news.begin(next, signal);
      show(next);
      await Promise.all(panels().map((panel) => panel.refresh()));
    } catch (error) {
      if (!isAbort(error)) fail(error.offline ? null : error.message);
    }
  };

  let resizing = 0;
  const resized = new ResizeObserver(() => {
    clearTimeout(resizing);
    resizing = setTimeout(() => {
      if (spec && Math.abs(body.clientWidth - width) >= 3 * widthStep) load();
    }, 400);
  });
  resized.observe(body);

  const leaveFull = (event) => {
    if (event.key === "Escape" && param("viewPanel") && !event.defaultPrevented && !document.querySelector("dialog[open], :popover-open")) setParams({ viewPanel: null });
  };
  document.addEventListener("keydown", leaveFull);

  setStandardRange(null);
  setResolvedRange(null);
  root.classList.add("waiting");
  load();
  return {
    update: () => {
      if (query() !== lastAsked) load();
      else if (spec) arrange();
    },
    refresh: load,
    factsChanged: () => { if (spec) show(spec); },
    lookChanged: () => { for (const panel of panels()) panel.resetLook(); },
    destroy: () => {
      abort?.abort();
      sections.set([]);
      observer.disconnect();
      resized.disconnect();
      clearTimeout(resizing);
      document.removeEventListener("keydown", leaveFull);
      document.documentElement.classList.remove("has-full");
    },
  };
};
