// Starts the page: the header, and beneath it one of fleet, alerts and board, whichever the URL names.

import * as words from "./strings.js";
import { connection, learn } from "./api.js";
import { navigate, onState, param, state } from "./state.js";
import { intervalSeconds, makeFormat } from "./time.js";
import { isCalling, loadAlerts } from "./shell/alerting.js";
import { el, setText } from "./shell/dom.js";
import { makeHeader } from "./shell/header.js";
import { alertsPage } from "./shell/alerts.js";
import { boardPage } from "./shell/board.js";
import { fleetPage } from "./shell/fleet.js";

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
// A browser that keeps nothing still shows the page.
const kept = (use) => {
  try {
    return use(localStorage);
  } catch {
    return null;
  }
};

let page = null;
let pageKey = null;
let format = makeFormat(param("timezone", "browser"));
let chosenTheme = [param("theme"), kept((store) => store.getItem("theme"))].find((name) => name && Object.hasOwn(words.themes, name)) ?? "auto";
let timer = 0;
let lastRefresh = Date.now();
let defaults = {};

const themeName = () => (chosenTheme === "auto" ? (system.matches ? "dark" : "light") : chosenTheme);
const refreshInterval = () => param("refresh") ?? defaults.refresh ?? "30s";
const refreshMilliseconds = () => intervalSeconds(refreshInterval()) * 1000;

const applyTheme = () => {
  root.dataset.theme = themeName();
  page?.lookChanged();
};

const refresh = async () => {
  lastRefresh = Date.now();
  header.setBusy(true);
  try {
    await Promise.all([countAlerts(), page?.refresh()]);
  } finally {
    header.setBusy(false);
    schedule();
  }
};

const main = el("main", { id: "main", tabIndex: -1 });
const bannerWords = el("span");
const banner = el("div.banner", { role: "alert", hidden: true }, bannerWords, el("button.button", { onclick: () => start() }, words.retry));
const header = makeHeader({
  format: () => format,
  theme: () => chosenTheme,
  setTheme: (name) => {
    chosenTheme = name;
    kept((store) => store.setItem("theme", name));
    applyTheme();
  },
  refresh: refreshInterval,
  refreshNow: refresh,
});

/** What the pages need of the whole. */
const context = {
  format: () => format,
  themeName,
  setTitle: (title) => { document.title = `${title} · ${words.product}`; },
  /** What a board asks for where the URL says nothing. */
  setDefaults: (refreshText, zone) => {
    defaults = { refresh: intervalSeconds(refreshText) > 0 ? refreshText : null, zone: zone === "utc" ? zone : null };
    setFormat();
    header.update();
    schedule();
  },
};

const setFormat = () => {
  const zone = param("timezone") ?? defaults.zone ?? "browser";
  if (zone === format.zone) return;
  format = makeFormat(zone);
  page?.lookChanged();
};

const unknownPage = (element) => {
  element.append(el("p.notice", words.notFound(state.path)), el("p.notice", el("a", { href: "/" }, words.toFleet)));
  const nothing = () => {};
  return { update: nothing, refresh: nothing, factsChanged: nothing, lookChanged: nothing, destroy: nothing };
};

const makers = { fleet: fleetPage, alerts: alertsPage, board: boardPage, unknown: unknownPage };

const show = () => {
  const key = `${state.page} ${state.uid}`;
  if (key === pageKey) {
    setFormat();
    page.update();
  } else {
    page?.destroy();
    page = null;
    pageKey = key;
    defaults = {};
    setFormat();
    const element = el(`div.page.page-${state.page}`);
    root.dataset.page = state.page;
    main.replaceChildren(element);
    scrollTo(0, 0);
    page = makers[state.page](element, context);
  }
  header.update();
  schedule();
};

// Browsers that show the same board ask at the same times, so that the server asks Prometheus once for all of them.
const schedule = () => {
  clearTimeout(timer);
  const interval = refreshMilliseconds();
  if (interval > 0 && !document.hidden) timer = setTimeout(refresh, interval - (Date.now() % interval));
};

const countAlerts = async () => {
  try {
    const calling = (await loadAlerts()).alerts.filter(isCalling);
    header.setAlerts(calling.length, calling[0]?.severity);
  } catch {
    // The page itself tells what failed; an old number at the bell is better than none.
  }
};

/** What never changes while the server runs; asked again until it has answered once. */
const learnFacts = async () => {
  await learn();
  header.update();
  page.factsChanged();
};

const start = () => Promise.all([learnFacts(), refresh()]).catch(() => {
  // The banner says so.
});

let retry = 0;
connection.changed = () => {
  const { offlineSince, lastAnswer } = connection;
  const isOffline = offlineSince !== null;
  banner.hidden = !isOffline;
  root.classList.toggle("offline", isOffline);
  clearInterval(retry);
  if (!isOffline) return;
  setText(bannerWords, lastAnswer === null ? words.offlineEver : words.offlineSince(format.timeSeconds(offlineSince)));
  retry = setInterval(start, 5000);
};

const isPlainClick = (event) => !event.defaultPrevented && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;

document.addEventListener("click", (event) => {
  const anchor = event.target.closest?.("a[href]");
  if (!anchor || !isPlainClick(event) || anchor.target === "_blank" || anchor.hasAttribute("download") || anchor.origin !== location.origin) return;
  if (anchor.getAttribute("href").startsWith("#") || !/^\/($|alerts$|d\/)/.test(anchor.pathname)) return;
  event.preventDefault();
  navigate(anchor.href);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, select, textarea, dialog, [popover]")) return;
  const search = document.querySelector("main input[type=search]");
  if (event.key === "r") refresh();
  if (event.key !== "/" || !search) return;
  event.preventDefault();
  search.focus();
});

document.addEventListener("visibilitychange", () => {
  const interval = refreshMilliseconds();
  if (!document.hidden && interval > 0 && Date.now() - lastRefresh > interval) refresh();
  else schedule();
});
system.addEventListener("change", applyTheme);
onState(show);

document.body.append(el("a.skip", { href: "#main" }, words.skip), header.element, banner, main);
applyTheme();
show();
countAlerts();
learnFacts().catch(() => {
  // The banner says so, and `start` tries again.
});
