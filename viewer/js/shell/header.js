// The bar at the top: where one is, which time is shown, how often it is asked anew, and how it looks.

import { strings } from "../strings.js";
import { navigate, param, setParams, state, withRange } from "../state.js";
import { chooser } from "./chooser.js";
import { el, icon, iconButton, link, segments, setAttribute, setText } from "./dom.js";
import { popoverButton } from "./popover.js";
import { timePicker } from "./timepicker.js";

const refreshChoices = ["off", "5s", "10s", "30s", "1m", "5m", "15m", "1h"];

/**
 * `page`: `{boards(), format(), theme(), setTheme(), refreshNow(), refresh(), version()}`.
 * Returns `{element, update(), setAlerts(count, severity), setBusy(is)}`.
 */
export const makeHeader = (page) => {
  const words = strings.header;
  const fleet = link("/", { class: "nav-link" }, icon("fleet"), el("span", { class: "nav-words" }, words.fleet));
  const badge = el("span", { class: "badge", hidden: true });
  const alerts = link("/alerts", { class: "nav-link" }, icon("bell"), el("span", { class: "nav-words" }, words.alerts), badge);

  const boardWords = el("span", { class: "board-words" }, words.boards);
  const boards = popoverButton(
    el("button", { type: "button", class: "nav-link nav-boards" }, icon("boards"), boardWords, icon("down")),
    (close) => chooser({
      label: words.searchBoards,
      options: page.boards().map((board) => ({ text: board.title, value: board.uid, note: board.problem })),
      chosen: new Set([state.uid]),
      onchoose: ([uid]) => { close(); navigate(withRange(`/d/${encodeURIComponent(uid)}`)); },
    }),
    { label: words.boards });

  const time = timePicker(page.format);
  const refreshButton = iconButton("refresh", words.refreshNow, () => page.refreshNow(), { class: "icon-button refresh-now" });
  const interval = el("select", {
    class: "field interval", "aria-label": words.refreshEvery, title: words.refreshEvery, onchange: () => setParams({ refresh: interval.value }, { replace: true }),
  });

  const settings = popoverButton(
    iconButton("settings", words.settings, null, { class: "icon-button settings-button" }),
    () => {
      const theme = segments(words.theme, words.themes, page.theme(), (value) => { page.setTheme(value); theme.set(value); });
      const zone = segments(words.zone, words.zones, page.format().zone, (value) => {
        setParams({ timezone: value }, { replace: true });
        zone.set(value);
      });
      const copy = el("button", {
        type: "button", class: "button",
        onclick: async () => {
          await navigator.clipboard?.writeText(location.href);
          copy.textContent = words.copied;
        },
      }, words.copyLink);
      const content = el("div", { class: "settings" },
        el("h2", {}, words.theme), theme, el("h2", {}, words.zone), zone, copy, el("p", { class: "hint" }, words.version(page.version())));
      return { content, focus: theme.querySelector('[tabindex="0"]') ?? theme.firstChild };
    },
    { label: words.settings, alignEnd: true });

  const element = el("header", { class: "top" },
    el("nav", { class: "nav", "aria-label": words.navigation },
      link("/", { class: "brand", "aria-label": strings.product }, el("span", { class: "brand-mark", "aria-hidden": "true" }), el("span", { class: "brand-words" }, strings.product)),
      fleet, alerts, boards),
    el("div", { class: "controls" }, time.element, el("div", { class: "refresh-controls" }, refreshButton, interval), settings));

  const update = () => {
    setAttribute(fleet, "aria-current", state.page === "fleet" ? "page" : null);
    setAttribute(alerts, "aria-current", state.page === "alerts" ? "page" : null);
    setAttribute(boards, "data-current", state.page === "board" ? "" : null);
    const board = state.page === "board" ? page.boards().find((each) => each.uid === state.uid) : null;
    setText(boardWords, board?.title ?? words.boards);
    setAttribute(boards, "aria-label", board ? `${words.boards}: ${board.title}` : words.boards);
    // The fleet and the alerts are always of now.
    time.element.hidden = state.page !== "board";
    time.update();
    const current = page.refresh();
    const choices = refreshChoices.includes(current) ? refreshChoices : [current, ...refreshChoices];
    if (interval.options.length !== choices.length || interval.value !== current) {
      interval.replaceChildren(...choices.map((value) => el("option", { value, selected: value === current }, value === "off" ? words.off : value)));
    }
    fleet.href = withRange("/");
    alerts.href = withRange("/alerts");
    element.querySelector(".brand").href = fleet.href;
  };

  return {
    element,
    update,
    setBusy: (busy) => refreshButton.classList.toggle("busy", busy),
    setAlerts: (count, severity) => {
      badge.hidden = count === 0;
      setText(badge, String(count));
      setAttribute(badge, "data-severity", severity);
      setAttribute(badge, "title", words.alertCount(count));
      setAttribute(alerts, "aria-label", count > 0 ? `${words.alerts}: ${words.alertCount(count)}` : words.alerts);
    },
  };
};
