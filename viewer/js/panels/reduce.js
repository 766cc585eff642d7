// One number for many: what legends, stats and gauges show of a series. A gap is NaN in, and null out.

const orNull = (value) => value === value && Math.abs(value) !== Infinity ? value : null;

function edge(values, isLast) {
  for (let at = 0; at < values.length; at++) {
    const value = values[isLast ? values.length - 1 - at : at];
    if (value === value) return value;
  }
  return null;
}

/** A calculation that goes once through the values, each with the one before it (NaN for the first); null where there are none. */
const folded = (start, next) => (values) => {
  let result = start;
  let before = NaN;
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (value !== value) continue;
    result = next(result, value, before);
    before = value;
  }
  return before === before ? result : null;
};

const present = (values) => Array.from(values).filter((value) => value === value);

function quantile(values, share) {
  const sorted = present(values).sort((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * share)] ?? null;
}

function variance(values) {
  const mean = calculations.mean(values);
  return mean === null ? null : folded(0, (sum, value) => sum + (value - mean) ** 2)(values) / present(values).length;
}

/** What legends ask at every refresh, in one plain loop. */
const summed = (pick) => (values) => {
  let count = 0;
  let sum = 0;
  let low = Infinity;
  let high = -Infinity;
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (value !== value) continue;
    count++;
    sum += value;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return count === 0 ? null : pick(count, sum, low, high);
};

const tally = (values) => summed((count) => count)(values) ?? 0;
const difference = (values) => edge(values, true) === null ? null : edge(values, true) - edge(values, false);

const calculations = {
  lastNotNull: (values) => edge(values, true),
  firstNotNull: (values) => edge(values, false),
  last: (values) => orNull(values[values.length - 1] ?? NaN),
  first: (values) => orNull(values[0] ?? NaN),
  min: summed((count, sum, low) => orNull(low)),
  max: summed((count, sum, low, high) => orNull(high)),
  sum: summed((count, sum) => sum),
  mean: summed((count, sum) => sum / count),
  count: (values) => values.length,
  nonNullCount: tally,
  range: summed((count, sum, low, high) => orNull(high - low)),
  diff: difference,
  diffperc: (values) => edge(values, false) ? difference(values) / edge(values, false) : null,
  // A counter's increase: after a reset it begins anew at zero.
  delta: folded(0, (sum, value, before) => before !== before ? sum : value >= before ? sum + value - before : sum + value),
  step: (values) => orNull(folded(Infinity, (low, value, before) => before === before ? Math.min(low, value - before) : low)(values) ?? NaN),
  logmin: (values) => orNull(folded(Infinity, (low, value) => value > 0 && value < low ? value : low)(values) ?? NaN),
  allIsZero: (values) => (folded(1, (zero, value) => value === 0 ? zero : 0)(values) ?? 1),
  allIsNull: (values) => tally(values) === 0 ? 1 : 0,
  changeCount: (values) => folded(0, (changes, value, before) => before === before && value !== before ? changes + 1 : changes)(values) ?? 0,
  distinctCount: (values) => new Set(present(values)).size,
  variance,
  stdDev: (values) => variance(values) === null ? null : Math.sqrt(variance(values)),
  median: (values) => quantile(values, 0.5),
};

/** The calculation of that id over the values; unknown ids are the last value. */
export function reduce(values, id) {
  if (Object.hasOwn(calculations, id)) return calculations[id](values);
  const share = /^p(\d{1,2})$/.exec(id ?? '');
  return share ? quantile(values, Number(share[1]) / 100) : edge(values, true);
}

const counting = /count$|^allIs/i;
const countFields = { unit: 'none', decimals: 0 };
const shareFields = { unit: 'percentunit', decimals: null };
/** How a calculation is written: a count of values is no amount in the series' unit. */
export const calcField = (field, id) => counting.test(id) ? countFields : id === 'diffperc' ? shareFields : field;
