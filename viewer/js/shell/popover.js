// What opens beneath a button. The browser itself closes it, by Escape, a click elsewhere or a second press, and gives the focus back.

import { el, setAttribute } from "./dom.js";

const edge = 8;

/** Has the button open what `build(popover)` makes; an element with `autofocus` in it gets the focus. `alignEnd`: the right edges meet. */
export const popoverButton = (button, build, { label, alignEnd = false, kind = "dialog", onclose } = {}) => {
  const popover = el("div.popover", { popover: "auto", role: kind === "menu" ? null : "dialog", "aria-label": label });
  const place = () => {
    const at = button.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = popover;
    const inside = (wanted, size, room) => `${Math.max(edge, Math.min(wanted, room - size - edge))}px`;
    const below = at.bottom + 4;
    const above = at.top - height - 4;
    popover.style.left = inside(alignEnd ? at.right - width : at.left, width, document.documentElement.clientWidth);
    popover.style.top = inside(below + height > innerHeight - edge && above > edge ? above : below, height, innerHeight);
  };
  const watch = new ResizeObserver(place);
  popover.addEventListener("beforetoggle", ({ newState }) => {
    if (newState === "open") popover.replaceChildren(build(popover));
  });
  popover.addEventListener("toggle", ({ newState }) => {
    const isOpen = newState === "open";
    setAttribute(button, "aria-expanded", String(isOpen));
    if (isOpen) return watch.observe(popover);
    watch.disconnect();
    popover.remove();
    onclose?.();
  });
  // It comes into the page only when it is wanted; beneath a dialog it could not be reached.
  button.addEventListener("click", () => {
    if (!popover.isConnected) (button.closest("dialog") ?? document.body).append(popover);
  });
  button.popoverTargetElement = popover;
  setAttribute(button, "aria-haspopup", kind);
  setAttribute(button, "aria-expanded", "false");
  return button;
};

/** A menu, moved through by arrow keys: `[{words, action, href, newTab, download, content}]`; `content()` takes the menu's place. */
export const menuButton = (button, label, items) =>
  popoverButton(button, (popover) => {
    const choose = ({ action, content }) => {
      if (!content) {
        popover.hidePopover();
        return action?.();
      }
      popover.replaceChildren(content());
      popover.firstChild.focus();
    };
    const entries = items().map(({ words, href, newTab, download, ...item }) =>
      el(href ? "a.menu-item" : "button.menu-item", {
        role: "menuitem", tabIndex: -1, href, download, target: newTab && "_blank", rel: newTab && "noopener noreferrer", onclick: () => choose(item),
      }, words));
    const move = (event) => {
      const at = entries.indexOf(document.activeElement);
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
      if (event.key === "Tab") popover.hidePopover();
      if (to === undefined) return;
      event.preventDefault();
      entries.at(to % entries.length).focus();
    };
    if (entries[0]) entries[0].autofocus = true;
    return el("div.menu", { role: "menu", "aria-label": label, onkeydown: move }, entries);
  }, { label, alignEnd: true, kind: "menu" });

/** What is read: a text or a list beneath a button, wide enough for sentences. */
export const note = (...children) => el("div.about", { tabIndex: -1, autofocus: true }, children);
