// The only way elements come into being here. Text is always a text node: nothing from outside is ever read as markup.

const svgSpace = "http://www.w3.org/2000/svg";

/** An element with properties, attributes (`aria-…`, `data-…`, `role`), listeners (`onclick`) and children. */
export const el = (name, properties = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "class") element.className = value;
    else if (key in element && !key.startsWith("aria")) element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
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
  info: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M8 7.2v4M8 4.7v.1",
  problem: "M8 2 1.6 13.4h12.8zM8 6.4v3.4M8 11.6v.1",
  close: "m3.5 3.5 9 9M12.5 3.5l-9 9",
  full: "M6 2H2v4M10 2h4v4M6 14H2v-4M10 14h4v-4",
  check: "m3 8.5 3.5 3.5L13 4.5",
  clock: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M8 4.5V8l2.5 1.6",
  bell: "M8 1.5v1M4 7a4 4 0 0 1 8 0c0 3 1.4 4 1.4 4H2.600S4 10 4 7M6.600 13.5a1.500 1.500 0 0 0 2.800 0",
  fleet: "M2 3h12v4H2zM2 9h12v4H2zM4.500 5v.1M4.500 11v.1",
  boards: "M2 2.500h5v6H2zM9 2.500h5v3H9zM9 7.500h5v6H9zM2 10.500h5v3H2z",
  link: "M7 4.500 8.600 2.900a3.100 3.100 0 0 1 4.500 4.500L11.500 9M9 11.500 7.400 13.100a3.100 3.100 0 0 1-4.500-4.500L4.500 7M6 10l4-4",
};

export const icon = (name) => {
  const svg = document.createElementNS(svgSpace, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" })) svg.setAttribute(key, value);
  const path = document.createElementNS(svgSpace, "path");
  path.setAttribute("d", shapes[name]);
  svg.append(path);
  return svg;
};

/** A button that is only a picture, with its words for those who do not see it and as a tooltip. */
export const iconButton = (name, label, onclick, more = {}) =>
  el("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...more }, icon(name));

/** One of a few, always one chosen. `choose(value)` hears about it. */
export const segments = (label, choices, current, choose) => {
  const group = el("div", { class: "segments", role: "radiogroup", "aria-label": label });
  const buttons = Object.entries(choices).map(([value, words]) =>
    el("button", { type: "button", role: "radio", "data-value": value, onclick: () => choose(value) }, words));
  group.append(...buttons);
  group.addEventListener("keydown", (event) => {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!move) return;
    event.preventDefault();
    const at = buttons.findIndex((button) => button.getAttribute("aria-checked") === "true");
    const next = buttons[(at + move + buttons.length) % buttons.length];
    next.focus();
    choose(next.dataset.value);
  });
  group.set = (value) => {
    for (const button of buttons) {
      setAttribute(button, "aria-checked", String(button.dataset.value === value));
      button.tabIndex = button.dataset.value === value ? 0 : -1;
    }
  };
  group.set(current);
  return group;
};

/** A link of ours that keeps the page loaded. */
export const link = (href, properties, ...children) => el("a", { href, ...properties }, ...children);
