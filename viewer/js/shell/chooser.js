// A list to choose from, with a search field: the boards, and every variable. The field keeps the focus and the arrow
// keys move through the list, as screen readers know it from combo boxes.

import * as words from "../strings.js";
import { el, icon, searchField, setAttribute, setText } from "./dom.js";

const most = 200;
const page = 8;
let counter = 0;

/**
 * `options`: `[{text, value, note}]`; `chosen`: a Set of values. With `multi` several may be chosen and `all` (a value) excludes the others.
 * `onchoose(chosen)` hears about each choice; `remark` stands beneath the field.
 */
export const chooser = ({ label, options, chosen, multi = false, all = null, remark, onchoose }) => {
  counter += 1;
  const id = `chooser-${counter}`;
  const list = el("ul.options", {
    id, role: "listbox", "aria-label": label, "aria-multiselectable": multi && "true",
    // The field keeps the focus.
    onmousedown: (event) => event.preventDefault(),
  });
  const status = el("p.hint", { role: "status" });
  let shown = [];
  let active = 0;

  const point = (to) => {
    list.children[active]?.classList.remove("active");
    active = Math.max(0, Math.min(to, shown.length - 1));
    const item = list.children[active];
    item?.classList.add("active");
    item?.scrollIntoView({ block: "nearest" });
    setAttribute(input, "aria-activedescendant", item?.id);
  };

  const mark = () => shown.forEach(({ value }, at) => setAttribute(list.children[at], "aria-selected", String(chosen.has(value))));

  const choose = ({ value }) => {
    if (!multi || value === all) {
      chosen = new Set([value]);
    } else {
      chosen = new Set(chosen);
      chosen.delete(all);
      if (!chosen.delete(value)) chosen.add(value);
      if (chosen.size === 0 && all !== null) chosen.add(all);
    }
    mark();
    onchoose(chosen);
  };

  const render = () => {
    const wanted = input.value.trim().toLowerCase();
    const found = options.filter(({ text, note = "" }) => `${text} ${note}`.toLowerCase().includes(wanted));
    shown = found.slice(0, most);
    list.replaceChildren(...shown.map((option, at) =>
      el("li.line.option", {
        id: `${id}-${at}`, role: "option",
        onclick: () => {
          point(at);
          choose(option);
        },
        onpointermove: () => { if (active !== at) point(at); },
      }, icon("check"), el("span.grow", option.text), option.note && el("span.hint", option.note))));
    setText(status, found.length === 0 ? words.nothingFound : found.length > most ? words.moreChoices(found.length - most) : words.choices(found.length, options.length));
    mark();
    point(wanted === "" ? shown.findIndex(({ value }) => chosen.has(value)) : 0);
  };

  const press = (event) => {
    const to = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page }[event.key];
    if (to === undefined && event.key !== "Enter") return;
    event.preventDefault();
    if (to !== undefined) point(to);
    else if (shown[active]) choose(shown[active]);
  };
  const search = searchField(label, {
    role: "combobox", spellcheck: false, autofocus: true, "aria-expanded": "true", "aria-controls": id, "aria-autocomplete": "list", oninput: render, onkeydown: press,
  });
  const input = search.querySelector("input");
  render();
  // Before it is in the page, nothing can be scrolled to.
  requestAnimationFrame(() => point(active));
  return el("div.chooser", search, remark && el("p.complaint", remark), list, status);
};
