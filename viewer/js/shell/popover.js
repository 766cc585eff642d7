// Something that opens beneath a button: closes by Escape or by a click elsewhere, and gives the focus back.

import { el } from "./dom.js";

/** Opens `content` beneath the button. `onclose` is called once. Returns what closes it. */
export const openPopover = (button, content, { label, className = "", onclose, alignEnd = false } = {}) => {
  const popover = el("div", { class: `popover ${className}`, role: "dialog", "aria-label": label, popover: "auto" }, content);
  (button.closest("dialog") ?? document.body).append(popover);
  popover.showPopover();
  button.setAttribute("aria-expanded", "true");

  const place = () => {
    const at = button.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = popover;
    const edge = 8;
    let left = alignEnd ? at.right - width : at.left;
    left = Math.max(edge, Math.min(left, document.documentElement.clientWidth - width - edge));
    let top = at.bottom + 4;
    if (top + height > innerHeight - edge) top = Math.max(edge, Math.min(at.top - height - 4, innerHeight - height - edge));
    if (top < edge || (at.top - height - 4 < edge && at.bottom + 4 + height > innerHeight)) top = Math.max(edge, innerHeight - height - edge);
    popover.style.left = `${left}px`;
    popover.style.top = `${top}px`;
  };
  place();
  const watch = new ResizeObserver(place);
  watch.observe(popover);

  let closed = false;
  popover.addEventListener("toggle", (event) => {
    if (event.newState !== "closed" || closed) return;
    closed = true;
    watch.disconnect();
    button.setAttribute("aria-expanded", "false");
    const inside = popover.contains(document.activeElement) || document.activeElement === document.body;
    popover.remove();
    if (inside && button.isConnected) button.focus({ preventScroll: true });
    onclose?.();
  });
  return () => {
    if (!closed) popover.hidePopover();
  };
};

/** A button that opens a popover made by `build(close)`; a second press closes it. */
export const popoverButton = (button, build, options = {}) => {
  let close = null;
  let closedAt = 0;
  button.setAttribute("aria-haspopup", options.popup ?? "dialog");
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => {
    // The press that closes it by being a click elsewhere is not to open it again.
    if (close || performance.now() - closedAt < 200) return close?.();
    const shut = () => close?.();
    const { content, focus } = build(shut);
    close = openPopover(button, content, {
      ...options,
      onclose: () => {
        close = null;
        closedAt = performance.now();
        options.onclose?.();
      },
    });
    (focus ?? content).focus?.({ preventScroll: true });
  });
  return button;
};

/** A menu of actions: `[{words, icon, action, href}]`, moved through by arrow keys. */
export const menuButton = (button, label, items) =>
  popoverButton(
    button,
    (close) => {
      const list = el("div", { class: "menu", role: "menu", "aria-label": label });
      const entries = items().map((item) => {
        const properties = { class: "menu-item", role: "menuitem", tabIndex: -1, onclick: () => { close(); item.action?.(); } };
        return item.href
          ? el("a", { ...properties, href: item.href, download: item.download, target: item.newTab ? "_blank" : undefined, rel: "noopener noreferrer" }, item.words)
          : el("button", { ...properties, type: "button" }, item.words);
      });
      list.append(...entries);
      list.addEventListener("keydown", (event) => {
        const at = entries.indexOf(document.activeElement);
        const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 }[event.key];
        if (event.key === "Tab") close();
        if (to === undefined) return;
        event.preventDefault();
        entries[(to + entries.length) % entries.length].focus();
      });
      return { content: list, focus: entries[0] };
    },
    { label, alignEnd: true, popup: "menu" },
  );
