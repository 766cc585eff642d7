// Why there is nothing, or nothing new: a variable without a value, a target that is down, a metric that does not exist.

import * as words from "../strings.js";

/** The targets that are asked of a source: shown, and not empty. */
export const targetsOf = (panel, source) => panel.targets.filter((target) => !target.hidden && target.expr.trim() !== "" && (target.source ?? "prometheus") === source);

const keywords = new Set("and or unless by without on ignoring group_left group_right bool offset inf nan start end atan2".split(" "));

/** Names of the metrics in an expression; good enough to tell why an answer is empty. */
const metricsIn = (expr) => {
  const bare = expr.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, '""').replace(/\{[^}]*\}|\[[^\]]*\]/g, " ")
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, " ");
  const names = [...bare.matchAll(/\b([a-zA-Z_:][\w:]*)\b(?![\w:]*\s*\()/g)].map(([name]) => name);
  return [...new Set(names)].filter((name) => !keywords.has(name.toLowerCase()));
};

/** `[selector, name]` of the selectors without which an expression is empty. */
const selectorsIn = (expr) => (/\b(or|unless|offset|absent\w*)\b|@/.test(expr) ? [] : [...expr.matchAll(/\b([a-zA-Z_:][\w:]*)\s*\{(?:"(?:[^"\\]|\\.)*"|[^{}"])*\}/g)].slice(0, 3));

const owners = ["job", "instance", "node", "vm_id"];
const matchersIn = (expr) => Object.fromEntries([...expr.matchAll(/\b(job|instance|node|vm_id)="([^"]+)"/g)].map(([, name, value]) => [name, value]));

const isOf = (target, labels) => {
  const names = owners.filter((name) => labels[name]);
  return names.length > 0 && names.every((name) => target[name] === labels[name]);
};

const downTarget = async (labels, news) => {
  const down = (await news.down()).find((target) => labels.some((each) => isOf(target, each)));
  return down ? words.targetDown(down.job ?? "", down.instance ?? "") : null;
};

/** `{age, reason}` of lines that end before the present: only where that is for want of data, and not what the query says. */
export const whyOld = async (panel, series, age, news) => {
  const reason = await downTarget(series.map((each) => each.labels), news);
  if (reason) return { age, reason };
  const names = [...new Set(targetsOf(panel, "prometheus").flatMap(({ expr }) => metricsIn(expr)))].slice(0, 4);
  const fresh = await Promise.all(names.map((name) => news.isFresh(name)));
  return fresh.every(Boolean) ? { age: null, reason: null } : { age, reason: words.noLonger(names[fresh.indexOf(false)]) };
};

/** A variable that has nothing to choose, where an expression compares with nothing: the one of the label's name, or the first. */
const emptyVariable = (exprs, variables) => {
  const labels = exprs.flatMap((expr) => [...expr.matchAll(/(\w+)\s*=~?\s*(["'`])(?:\(\))?\2/g)].map(([, label]) => label.toLowerCase()));
  const empty = variables.filter(({ type, options }) => type === "query" && options.every(({ value }) => value === "$__all"));
  return labels.length === 0 ? null : empty.find(({ name, label }) => labels.includes(name.toLowerCase()) || labels.includes(label.toLowerCase())) ?? empty[0];
};

/** In words; null where the board itself says what emptiness means, which is the better word. */
export const whyNothing = async (panel, news) => {
  const exprs = targetsOf(panel, "prometheus").map(({ expr }) => expr);
  const empty = emptyVariable(exprs, news.variables());
  if (empty) return words.variableEmpty(empty.label);
  const down = await downTarget(exprs.map(matchersIn), news);
  if (down) return down;
  // Of several queries the first is the panel's subject; that a metric of another is missing is no reason for nothing at all.
  const names = metricsIn(exprs[0] ?? "").slice(0, 3);
  // Of what has never happened there is no metric. Where the board says what emptiness means, one of those beside it shows that somebody looked.
  const known = await Promise.all(names.map((name) => news.hasMetric(name, panel.start, panel.end)));
  if (panel.defaults?.noValue && known.some(Boolean)) return null;
  if (known.includes(false)) return words.noMetric(names[known.indexOf(false)]);
  for (const [selector, name] of selectorsIn(exprs.length === 1 ? exprs[0] : "")) if (!(await news.hasMetric(selector, panel.start, panel.end))) return words.noSeries(name);
  return words.noData;
};
