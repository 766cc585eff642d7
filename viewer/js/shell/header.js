// The bar at the top: where one is, which time is shown, how often it is asked anew, and how it looks.

import * as words from "../strings.js";
import { facts } from "../api.js";
import { navigate, setParams, state, withRange } from "../state.js";
import { chooser } from "./chooser.js";
import { copyButton, el, icon, iconButton, segments, select, setAttribute, setText } from "./dom.js";
import { boardPath } from "./links.js";
import { popoverButton } from "./popover.js";
import { timePicker } from "./timepicker.js";

const usualIntervals = ["off", "5s", "10s", "30s", "1m", "5m", "15m", "1h"];

/** `page`: `{format(), theme(), setTheme(), refreshNow(), refresh()}`. Returns `{element, update(), setAlerts(count, severity), setBusy(is)}`. */
export const makeHeader = (page) => {
  const pageLink = (picture, label, ...more) => el("a.nav-link", icon(picture), el("span.nav-words", label), more);
  const badge = el("span.badge", { hidden: true });
  const fleet = pageLink("fleet", words.fleet);
  const alerts = pageLink("bell", words.alerts, badge);
  const brand = el("a.brand", { "aria-label": words.product }, el("span.brand-mark", { "aria-hidden": "true" }), el("span.brand-words", words.product));

  const boardWords = el("span.cut.board-words");
  const boards = popoverButton(el("button.nav-link.nav-boards", icon("boards"), boardWords, icon("down")), (popover) => chooser({
    label: words.searchBoards, chosen: new Set([state.uid]),
    options: (facts.boards ?? []).map(({ uid, title, problem }) => ({ text: title, value: uid, note: problem ?? undefined })),
    onchoose: ([uid]) => {
      popover.hidePopover();
      navigate(withRange(boardPath(uid)));
    },
  }), { label: words.boards });

  const time = timePicker(page.format);
  const refreshButton = iconButton("refresh", words.refreshNow, page.refreshNow);
  const interval = select(words.refreshEvery, {}, "", (value) => setParams({ refresh: value }, { replace: true }));

  const settings = popoverButton(iconButton("settings", words.settings, null, ".settings-button"), () => {
    const theme = segments(words.theme, words.themes, page.theme(), (value) => {
      page.setTheme(value);
      theme.set(value);
    });
    const zone = segments(words.zone, words.zones, page.format().zone, (value) => {
      setParams({ timezone: value }, { replace: true });
      zone.set(value);
    });
    return el("div.form", el("h2", words.theme), theme, el("h2", words.zone), zone, copyButton(words.copyLink, () => location.href),
      el("p.hint", `${words.product} ${facts.me.version ?? ""}`));
  }, { label: words.settings, alignEnd: true });

  const element = el("header.top",
    el("nav.nav", { "aria-label": words.pages }, brand, fleet, alerts, boards),
    el("div.controls", time.element, el("div.joined", refreshButton, interval), settings));

  const update = () => {
    const isBoard = state.page === "board";
    for (const [anchor, name, path] of [[fleet, "fleet", "/"], [alerts, "alerts", "/alerts"], [brand, "", "/"]]) {
      setAttribute(anchor, "aria-current", state.page === name && "page");
      setAttribute(anchor, "href", withRange(path));
    }
    const title = facts.boards?.find((each) => isBoard && each.uid === state.uid)?.title;
    setAttribute(boards, "data-current", isBoard && "true");
    setText(boardWords, title ?? words.boards);
    setAttribute(boards, "aria-label", title ? `${words.boards}: ${title}` : words.boards);
    // The fleet and the alerts are always of now.
    time.element.hidden = !isBoard;
    time.update();
    const current = page.refresh();
    interval.set(current, Object.fromEntries([...new Set([...usualIntervals, current])].map((value) => [value, value === "off" ? words.off : value])));
  };

  return {
    element,
    update,
    setBusy: (busy) => refreshButton.classList.toggle("busy", busy),
    setAlerts: (count, severity) => {
      badge.hidden = count === 0;
      setText(badge, String(count));
      setAttribute(badge, "data-severity", severity);
      setAttribute(alerts, "aria-label", count > 0 ? `${words.alerts}: ${words.alertCount(count)}` : words.alerts);
      alerts.title = count > 0 ? words.alertCount(count) : "";
    },
  };
};
