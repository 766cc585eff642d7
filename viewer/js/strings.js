// All words that people read, in one place: another language is another file like this one. The page takes them one by one
// (`import * as words`), so that a bundle has only those that somebody says.

const many = (count, one, more) => `${count} ${count === 1 ? one : more}`;

export const product = "martlet";
export const skip = "Skip to the content";
export const close = "Close";
export const nothingFound = "Nothing found";
export const notFound = (path) => `There is no page ${path}.`;
export const toFleet = "To the fleet";
export const asOf = (when) => `As of ${when}`;
export const copied = "Copied";
export const notCopied = "This browser does not let us copy";

// The bar at the top

export const pages = "Pages";
export const fleet = "Fleet";
export const alerts = "Alerts";
export const boards = "Boards";
export const alertCount = (count) => many(count, "alert fires", "alerts fire");
export const searchBoards = "Search boards";
export const refreshNow = "Refresh now";
export const refreshEvery = "Refresh every";
export const off = "Off";
export const settings = "Settings";
export const theme = "Theme";
export const themes = { auto: "As the system", light: "Light", dark: "Dark" };
export const zone = "Time zone";
export const zones = { browser: "This browser's", utc: "UTC" };
export const copyLink = "Copy a link to this picture";

// The range

export const range = "Time range";
export const rangeBack = "Back to the range before";
export const earlier = "Earlier by half the range";
export const later = "Later by half the range";
export const wider = "Twice the range";
export const last = (amount, unit) => `Last ${amount === 1 ? rangeUnits[unit] : `${amount} ${rangeUnits[unit]}s`}`;
const rangeUnits = { s: "second", m: "minute", h: "hour", d: "day", w: "week", M: "month", y: "year" };
export const namedRanges = { "now/d": "Today", "now-1d/d": "Yesterday", "now/w": "This week", "now/M": "This month" };
export const untilNow = "Until now";
export const fromTo = "From and to";
export const from = "From";
export const to = "To";
export const apply = "Apply";
export const timeHint = "A date and time, or a length such as now-36h.";
export const timeWrong = "The end must be after the start, and both as in the examples.";

// What went wrong

export const offlineSince = (since) => `The viewer's server has not answered since ${since}. What you see is from before.`;
export const offlineEver = "The viewer's server does not answer.";
export const retry = "Try now";
export const unreachable = "The server does not answer.";
export const noAnswer = "The answer could not be read.";
export const httpStatus = (status) => `The server answered ${status}.`;

// Boards

export const variables = "What the board shows";
export const all = "All";
export const andMore = (first, count) => `${first} + ${count}`;
export const noValue = "None";
export const choose = (label) => `Choose ${label}`;
export const searchIn = (label) => `Search ${label}`;
export const choices = (shown, of) => (shown === of ? many(of, "choice", "choices") : `${shown} of ${of}`);
export const moreChoices = (count) => `${count} more: search for them`;
export const hasProblem = (label) => `${label}, with a problem`;
export const problemOf = (label, problem) => `${label}: ${problem}`;
export const otherBoards = "Other boards";
export const links = "Links";
export const tooMany = (count, most) => `${count} values are chosen, and no more than ${most} can be asked for at once. Choose All, or fewer of them.`;
export const boardFailed = (uid, reason) => `Board ${uid} cannot be shown: ${reason}`;
export const boardEmpty = "This board has no panels.";
export const row = "Row";

// Panels

export const panelMenu = (title) => `Menu of ${title}`;
export const untitled = "Panel";
export const about = "About";
export const full = "Full screen";
export const leaveFull = "Leave full screen";
export const inspect = "Inspect";
export const csv = "Download CSV";
export const problems = (count) => many(count, "problem", "problems");
export const age = (length) => `${length} old`;
export const ageTitle = (when) => `The newest value is of ${when}`;
export const targetDown = (job, instance) => `Target down: ${instance} of job ${job}`;
export const noMetric = (name) => `There is no metric ${name} in this range.`;
export const noLonger = (name) => `There are no new values of ${name}.`;
export const noSeries = (name) => `No series of ${name} has these labels.`;
export const noData = "No data in this range.";
export const variableEmpty = (label) => `${label} has no value.`;
export const asksNothing = "This panel asks nothing.";
export const noLoki = "Logs need a Loki, and none is configured.";
export const sources = { loki: "Loki", prometheus: "Prometheus", alertmanager: "Alertmanager" };
export const otherSource = (ref, source) => (source === sources.loki ? `Query ${ref} asks Loki, which only logs panels do here.` : `Query ${ref} asks ${source}, which this panel cannot do here.`);
export const broken = (reason) => `This panel cannot be drawn: ${reason}`;

// What a panel asked and was told

export const inspectOf = (title) => `Inspect ${title}`;
export const inspectTabs = { queries: "Queries", numbers: "Numbers" };
export const query = (ref) => `Query ${ref}`;
export const step = "Step";
export const kind = "Kind";
export const atEnd = "at the end of the range";
export const overRange = "over the range";
export const asked = "Range";
export const series = "Series";
export const took = "Took";
export const milliseconds = (count) => `${count} ms`;
export const copy = "Copy";
export const time = "Time";
export const lastLines = (shown, of) => `The last ${shown} of ${of} lines. The CSV has all of them.`;
export const firstColumns = (shown, of) => `The first ${shown} of ${of} series. The CSV has all of them.`;
export const noNumbers = "There are no numbers.";
export const notDrawn = "not drawn";

// The fleet

export const summary = "Summary";
export const hosts = "Hosts";
export const guests = "Guests";
export const attention = "Need attention";
export const searchFleet = "Search names, numbers, hosts";
export const show = "Show";
export const fleetFilters = { all: "All", problems: "Problems", running: "Running", stopped: "Stopped" };
export const order = "Order";
export const fleetOrders = { problems: "Problems first", cpu: "CPU", memory: "Memory", name: "Name", host: "Host" };
export const bars = { cpu: "CPU", memory: "Memory", disk: "Disk" };
export const unknown = "unknown";
export const states = { up: "up", down: "down", running: "running", stopped: "stopped", unknown: "state unknown" };
export const upFor = (length) => `up ${length}`;
export const guestCount = (count) => many(count, "guest", "guests");
export const onHost = (host) => `on ${host}`;
export const moreAlerts = (name, more) => `${name} and ${many(more, "more", "more")}`;
export const noGuest = "No guest matches.";
export const noGuests = "Prometheus knows no guests yet.";
export const noFleet = "There are no recorded series of hosts and guests. The fleet needs Prometheus to evaluate the recording rules that are shipped with martlet; a minute after the first scrape it appears here.";
export const noBoards = "There are no boards either.";

// Alerts and silences

export const searchAlerts = "Search alerts";
export const alertFilters = { all: "All", firing: "Firing", pending: "Pending", silenced: "Silenced" };
export const groupBy = "Group by";
export const alertGroups = { severity: "Severity", host: "Host", alert: "Alert" };
export const severities = { critical: "Critical", warning: "Warning", info: "Info", none: "Other" };
export const alertStates = { firing: "firing", pending: "pending", silenced: "silenced" };
export const tally = (count, state) => `${count} ${alertStates[state]}`;
export const inhibited = "held back by another alert";
export const since = (length) => `since ${length}`;
export const noHost = "No host";
export const noAlerts = "Nothing fires and nothing is pending.";
export const noAlert = "No alert matches.";
export const labels = "Labels";
export const runbook = "Runbook";
export const board = "Board";
export const silence = "Silence";
export const silenceOf = (name) => `Silence ${name}`;
export const silenceFor = "Silence for";
export const silenceHours = { 1: "1 hour", 4: "4 hours", 24: "1 day", 168: "1 week" };
export const scope = "What";
export const scopes = { alert: "This alert only", guest: "All alerts of this guest", host: "All alerts of this host" };
export const everyAlert = (name) => `Every ${name}`;
export const comment = "Why";
export const commentDefault = "Silenced in the viewer";
export const silencedUntil = (until) => `Silenced until ${until}`;
export const silences = "Silences";
export const noSilences = "There are no silences.";
export const by = (who) => `by ${who}`;
export const until = (when) => `until ${when}`;
export const begins = (when) => `begins ${when}`;
export const expire = "Expire";
export const expireOf = (matchers) => `Expire the silence of ${matchers}`;
export const noAlertmanager = "No Alertmanager is configured, so there are no silences.";

// What js/panels says inside a panel.
export const drawing = {
  noData: "No data",
  noText: "This text is empty.",
  unsupported: (type) => `Panel type ${type} is not supported here`,
  name: "Name",
  value: "Value",
  more: (count) => `${count} more`,
  lasted: "For",
  filter: "Filter",
  filterOf: (title) => `Filter ${title}`,
  truncated: (count) => `Only the first ${count} are shown`,
  chartSummary: (title, count, from, to, parts) => `${title}: ${many(count, "series", "series")} from ${from} to ${to}${parts.length > 0 ? `. ${parts.join("; ")}` : ""}`,
  seriesSummary: (name, last, low, high) => `${name}: ${last}, between ${low} and ${high}`,
  barSummary: (title, count, parts) => `${title}: ${many(count, "bar", "bars")}. ${parts.join("; ")}`,
  tableSummary: (title, rows, columns) => `${title}: ${many(rows, "line", "lines")}, ${many(columns, "column", "columns")}`,
  calcs: {
    last: "Last", lastNotNull: "Last", first: "First", firstNotNull: "First", min: "Min", max: "Max", mean: "Mean", median: "Median", sum: "Total", count: "Count",
    range: "Range", delta: "Delta", diff: "Difference", diffperc: "Difference in %", stdDev: "Deviation", variance: "Variance", allValues: "All",
  },
};

/** What a panel is handed. */
export const strings = { drawing };
