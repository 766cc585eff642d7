// The only way elements come into being here. Text is always a text node: nothing from outside is ever read as markup.

import * as words from "../strings.js";

const svgSpace = "http://www.w3.org/2000/svg";

/** `el("p.hint", {title}, …children)`: classes, properties, attributes (`aria-…`, `data-…`), listeners (`onclick`) and children; what is null or false is left out. */
export const el = (name, ...children) => {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (tag === "button") element.type = "button";
  if (classes.length > 0) element.className = classes.join(" ");
  const properties = children[0]?.constructor === Object ? children.shift() : {};
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && !key.startsWith("aria")) element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child || child === 0));
  return element;
};

/** Text or attribute, written only when it is another one: a refresh without news touches nothing. */
export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

export const setAttribute = (element, name, value) => {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
};

// Outlines on a 16 by 16 field.
const shapes = {
  menu: "M8 3.2v.1M8 8v.1M8 12.8v.1",
  left: "M10 3 5 8l5 5",
  right: "m6 3 5 5-5 5",
  down: "m3 6 5 5 5-5",
  back: "M3 7h7a3.5 3.5 0 0 1 0 7H7M6 3.5 2.5 7 6 10.5",
  wider: "M7 2a5 5 0 1 0 0 10A5 5 0 0 0 7 2M4.5 7h5M10.7 10.7 14 14",
  refresh: "M13.5 6A6 6 0 1 0 14 9M14 2v4h-4",
  settings: "M2 4.5h7M13 4.5h1M2 11.5h1M7 11.5h7M11 2.8v3.4M5 9.8v3.4",
  search: "M7 2a5 5 0 1 0 0 10A5 5 0 0 0 7 2M10.7 10.7 14 14",
  problem: "M8 2 1.6 13.4h12.8zM8 6.4v3.4M8 11.6v.1",
  close: "m3.5 3.5 9 9M12.5 3.5l-9 9",
  check: "m3 8.5 3.5 3.5L13 4.5",
  clock: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M8 4.5V8l2.5 1.6",
  bell: "M8 1.5v1M4 7a4 4 0 0 1 8 0c0 3 1.4 4 1.4 4H2.6S4 10 4 7M6.6 13.5a1.5 1.5 0 0 0 2.8 0",
  fleet: "M2 3h12v4H2zM2 9h12v4H2zM4.5 5v.1M4.5 11v.1",
  boards: "M2 2.5h5v6H2zM9 2.5h5v3H9zM9 7.5h5v6H9zM2 10.5h5v3H2z",
};

export const icon = (name) => {
  const svg = document.createElementNS(svgSpace, "svg");
  for (const [key, value] of [["viewBox", "0 0 16 16"], ["class", "icon"], ["aria-hidden", "true"]]) svg.setAttribute(key, value);
  const path = document.createElementNS(svgSpace, "path");
  path.setAttribute("d", shapes[name]);
  svg.append(path);
  return svg;
};

/** A button that is only a picture, with its words for those who do not see it and as a tooltip. */
export const iconButton = (name, label, onclick, classes = "") => el(`button.icon-button${classes}`, { "aria-label": label, title: label, onclick }, icon(name));

export const searchField = (label, more) => el("div.search", icon("search"), el("input.field", { type: "search", placeholder: label, "aria-label": label, autocomplete: "off", ...more }));

const options = (choices) => Object.entries(choices).map(([value, words]) => el("option", { value }, words));

/** A list to choose from that the browser opens; `set(value, choices)` chooses, and takes other choices where they are given. */
export const select = (label, choices, current, choose) => {
  const element = el("select.field", { "aria-label": label, title: label, onchange: () => choose(element.value) }, options(choices));
  element.value = current;
  element.set = (value, others) => {
    if (others && Object.keys(others).join() !== Array.from(element.options, (each) => each.value).join()) element.replaceChildren(...options(others));
    element.value = value;
  };
  return element;
};

/** One of a few, always one chosen; `choose(value)` hears about it. */
export const segments = (label, choices, current, choose) => {
  const buttons = Object.entries(choices).map(([value, words]) => el("button", { role: "radio", "data-value": value, onclick: () => choose(value) }, words));
  const step = (event) => {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!move) return;
    event.preventDefault();
    const at = buttons.findIndex((button) => button.tabIndex === 0);
    const next = buttons[(at + move + buttons.length) % buttons.length];
    next.focus();
    next.click();
  };
  const group = el("div.segments", { role: "radiogroup", "aria-label": label, onkeydown: step }, buttons);
  group.set = (value) => {
    for (const button of buttons) {
      const isChosen = button.dataset.value === value;
      setAttribute(button, "aria-checked", String(isChosen));
      button.tabIndex = isChosen ? 0 : -1;
    }
  };
  group.set(current);
  return group;
};

/** Copies a text, and says whether it did: pages that came over plain http may have to ask the browser in the old way. */
export const copyButton = (label, text) => {
  const copy = async () => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text()).then(() => true, () => false);
    const field = el("textarea.unseen", { value: text(), readOnly: true });
    button.after(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    button.focus();
    return isCopied;
  };
  const button = el("button.button", { onclick: async () => setText(button, (await copy()) ? words.copied : words.notCopied) }, label);
  return button;
};

/**
 * One child of `container` for each item, in the items' order. What is there already is told what is new (`set`) and keeps its
 * place, its focus and what is open in it; `make(item)` returns `{element, set(item, …), destroy()}`.
 */
export const keyed = (container, keyOf, make) => {
  let parts = new Map();
  return {
    get: (key) => parts.get(key),
    all: () => [...parts.values()],
    set: (items, ...more) => {
      const next = new Map();
      for (const item of items) {
        const part = parts.get(keyOf(item)) ?? make(item);
        part.set?.(item, ...more);
        next.set(keyOf(item), part);
      }
      for (const [key, part] of parts) {
        if (next.get(key) === part) continue;
        part.destroy?.();
        part.element.remove();
      }
      parts = next;
      let at = 0;
      for (const { element } of parts.values()) {
        if (container.children[at] !== element) container.insertBefore(element, container.children[at] ?? null);
        at += 1;
      }
    },
  };
};
