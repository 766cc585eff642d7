// A list to choose from, with a search field: the boards, and every variable. The field keeps the focus and the arrow
// keys move through the list, as screen readers know it from combo boxes.

import { strings } from "../strings.js";
import { el, icon, setAttribute } from "./dom.js";

const most = 200;
let counter = 0;

/**
 * `options`: `[{text, value, note}]`; `chosen`: a Set of values. With `multi` several may be chosen and `all` (a value) excludes the others.
 * `onchoose(chosen, done)` hears about each choice; `done` when the list may close.
 */
export const chooser = ({ label, options, chosen, multi = false, all = null, onchoose }) => {
  const id = `chooser-${(counter += 1)}`;
  const input = el("input", {
    type: "search", class: "field", role: "combobox", placeholder: label, "aria-label": label, autocomplete: "off", spellcheck: false,
    "aria-expanded": "true", "aria-controls": id, "aria-autocomplete": "list",
  });
  const list = el("ul", { class: "options", id, role: "listbox", "aria-label": label, "aria-multiselectable": multi ? "true" : undefined });
  const status = el("p", { class: "hint", role: "status" });
  let shown = [];
  let active = 0;

  const items = () => [...list.children];
  const point = (to) => {
    const all = items();
    if (all.length === 0) return input.removeAttribute("aria-activedescendant");
    all[active]?.classList.remove("active");
    active = Math.max(0, Math.min(to, all.length - 1));
    all[active].classList.add("active");
    all[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", all[active].id);
  };

  const mark = () => items().forEach((item, at) => setAttribute(item, "aria-selected", String(chosen.has(shown[at].value))));

  const choose = (option, { only = false } = {}) => {
    if (!multi || only) {
      chosen = new Set([option.value]);
    } else if (option.value === all) {
      chosen = new Set([all]);
    } else {
      chosen = new Set(chosen);
      chosen.delete(all);
      if (!chosen.delete(option.value)) chosen.add(option.value);
      if (chosen.size === 0 && all !== null) chosen.add(all);
    }
    mark();
    onchoose(chosen, !multi || only);
  };

  const render = () => {
    const wanted = input.value.trim().toLowerCase();
    const found = wanted === "" ? options : options.filter((option) => `${option.text} ${option.note ?? ""}`.toLowerCase().includes(wanted));
    shown = found.slice(0, most);
    list.replaceChildren(...shown.map((option, at) =>
      el("li", {
        id: `${id}-${at}`, role: "option", class: "option",
        onclick: () => { point(at); choose(option); },
        onpointermove: () => { if (active !== at) point(at); },
      }, icon("check"), el("span", { class: "option-text" }, option.text), option.note ? el("span", { class: "option-note" }, option.note) : null)));
    status.textContent = found.length === 0 ? strings.nothingFound
      : found.length > most ? strings.variables.cut(found.length - most) : strings.variables.count(found.length, options.length);
    mark();
    point(wanted === "" ? Math.max(0, shown.findIndex((option) => chosen.has(option.value))) : 0);
  };

  input.addEventListener("input", render);
  input.addEventListener("keydown", (event) => {
    const page = 8;
    const to = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      point(to);
    } else if (event.key === "Enter" && shown[active]) {
      event.preventDefault();
      choose(shown[active]);
    }
  });
  render();
  const content = el("div", { class: "chooser" }, el("div", { class: "search" }, icon("search"), input), list, status);
  return { content, focus: input, shown: () => point(active) };
};
