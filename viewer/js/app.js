// Starts the page: the header, and beneath it one of fleet, alerts and board, whichever the URL names.

import { strings } from "./strings.js";
import { connection, get, onConnection, query } from "./api.js";
import { navigate, onState, param, state } from "./state.js";
import { intervalSeconds, makeFormat } from "./time.js";
import { el, setText } from "./shell/dom.js";
import { makeHeader } from "./shell/header.js";
import { alertsPage } from "./shell/alerts.js";
import { boardPage } from "./shell/board.js";
import { fleetPage } from "./shell/fleet.js";

const system = matchMedia("(prefers-color-scheme: dark)");
const themeNames = ["auto", "light", "dark"];
const storedTheme = () => {
  try {
    return localStorage.getItem("theme");
  } catch {
    // A browser that keeps nothing still shows the page.
    return null;
  }
};

let me = { version: "", user: null, maySilence: false, whyNot: "", alertmanager: false, loki: false };
let boards = [];
let page = null;
let pageKey = null;
let format = makeFormat(param("timezone", "browser"));
let chosenTheme = themeNames.find((name) => name === (param("theme") ?? storedTheme())) ?? "auto";
let timer = 0;
let lastRefresh = Date.now();
let defaults = { refresh: null, zone: null };

const themeName = () => (chosenTheme === "auto" ? (system.matches ? "dark" : "light") : chosenTheme);
const refreshInterval = () => param("refresh") ?? defaults.refresh ?? "30s";

const main = el("main", { id: "main", tabIndex: -1 });
const bannerWords = el("span", {});
const banner = el("div", { class: "banner", role: "alert", hidden: true }, bannerWords,
  el("button", { type: "button", class: "button", onclick: () => start() }, strings.offline.retry));
const header = makeHeader({
  boards: () => boards,
  format: () => format,
  theme: () => chosenTheme,
  setTheme: (name) => {
    chosenTheme = name;
    try {
      localStorage.setItem("theme", name);
    } catch {
      // Then it holds until the page is left.
    }
    applyTheme();
  },
  refresh: refreshInterval,
  refreshNow: () => refresh(),
  version: () => me.version,
});

/** What the pages need of the whole. */
const context = {
  me: () => me,
  boards: () => boards,
  format: () => format,
  themeName,
  navigate,
  setTitle: (title) => { document.title = title ? `${title} · ${strings.product}` : strings.product; },
  /** What a board asks for where the URL says nothing. */
  setDefaults: (refreshText, zone) => {
    const wanted = { refresh: intervalSeconds(refreshText) > 0 ? refreshText : null, zone: zone === "utc" ? zone : null };
    if (wanted.refresh === defaults.refresh && wanted.zone === defaults.zone) return;
    defaults = wanted;
    setFormat();
    header.update();
    schedule();
  },
  busy: (is) => header.setBusy(is),
};

const makers = { fleet: fleetPage, alerts: alertsPage, board: boardPage };

const applyTheme = () => {
  document.documentElement.dataset.theme = themeName();
  page?.lookChanged?.();
};
system.addEventListener("change", applyTheme);

const setFormat = () => {
  const zone = param("timezone") ?? defaults.zone ?? "browser";
  if (zone === format.zone) return;
  format = makeFormat(zone);
  page?.lookChanged?.();
};

const show = () => {
  const key = state.page === "board" ? `board ${state.uid}` : state.page;
  if (key === pageKey) {
    setFormat();
    page?.update();
  } else {
    page?.destroy();
    pageKey = key;
    page = null;
    defaults = { refresh: null, zone: null };
    setFormat();
    const root = el("div", { class: `page page-${state.page}` });
    document.documentElement.dataset.page = state.page;
    main.replaceChildren(root);
    scrollTo(0, 0);
    const maker = makers[state.page];
    if (maker) {
      page = maker(root, context);
    } else {
      root.append(el("p", { class: "notice" }, strings.notFound(state.path)), el("p", { class: "notice" }, el("a", { href: "/" }, strings.toFleet)));
    }
  }
  header.update();
  schedule();
};

const refresh = async () => {
  lastRefresh = Date.now();
  countAlerts();
  header.setBusy(true);
  try {
    await page?.refresh();
  } finally {
    header.setBusy(false);
    schedule();
  }
};

// Browsers that show the same board ask at the same times, so that the server asks Prometheus once for all of them.
const schedule = () => {
  clearTimeout(timer);
  const interval = intervalSeconds(refreshInterval()) * 1000;
  if (interval === 0 || document.hidden) return;
  timer = setTimeout(refresh, interval - (Date.now() % interval));
};

document.addEventListener("visibilitychange", () => {
  const interval = intervalSeconds(refreshInterval()) * 1000;
  if (!document.hidden && interval > 0 && Date.now() - lastRefresh > interval) refresh();
  else schedule();
});

const countAlerts = async () => {
  try {
    const { result } = await query('count by (severity) (ALERTS{alertstate="firing",alertname!~"Watchdog|InfoInhibitor"})');
    const counts = Object.fromEntries(result.map((each) => [each.metric.severity, Number(each.value[1])]));
    const bad = (counts.critical ?? 0) + (counts.warning ?? 0);
    header.setAlerts(bad, counts.critical ? "critical" : "warning");
  } catch {
    // The page itself tells what failed; an old number at the bell is better than none.
  }
};

let retry = 0;
onConnection(() => {
  const since = connection.offlineSince;
  banner.hidden = since === null;
  document.documentElement.classList.toggle("offline", since !== null);
  clearInterval(retry);
  if (since === null) return;
  setText(bannerWords, connection.lastAnswer === null ? strings.offline.never : strings.offline.banner(format.timeSeconds(since)));
  retry = setInterval(start, 5000);
});

// What never changes while the server runs; asked again until it has answered once.
const start = async () => {
  try {
    [me, boards] = await Promise.all([get("/api/me"), get("/api/boards")]);
    header.update();
    await refresh();
  } catch {
    // The banner says so.
  }
};

document.addEventListener("click", (event) => {
  const anchor = event.target.closest?.("a[href]");
  if (!anchor || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (anchor.target === "_blank" || anchor.hasAttribute("download") || anchor.origin !== location.origin || anchor.getAttribute("href").startsWith("#")) return;
  if (anchor.pathname !== "/" && anchor.pathname !== "/alerts" && !anchor.pathname.startsWith("/d/")) return;
  event.preventDefault();
  navigate(anchor.href);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, select, textarea, dialog, [popover]")) return;
  if (event.key === "/") {
    const field = document.querySelector("main input[type=search]");
    if (field) {
      event.preventDefault();
      field.focus();
    }
  } else if (event.key === "r") {
    refresh();
  }
});

document.body.append(el("a", { class: "skip", href: "#main" }, strings.skip), header.element, banner, main);
applyTheme();
onState(show);
const begin = async () => {
  // What the page shows does not wait for who is asking.
  const facts = Promise.all([get("/api/me"), get("/api/boards")]);
  show();
  countAlerts();
  try {
    [me, boards] = await facts;
    header.update();
    page?.factsChanged?.();
  } catch {
    // The banner says so, and `start` tries again.
  }
};
begin();
