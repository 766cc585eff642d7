// One number for many: what legends, stats and gauges show of a series. A gap is NaN in, and null out.

const each = (values, body) => {
  for (let at = 0; at < values.length; at++) if (values[at] === values[at]) body(values[at]);
};
const orNull = (value) => value === value && Math.abs(value) !== Infinity ? value : null;

function edge(values, last) {
  for (let at = 0; at < values.length; at++) {
    const value = values[last ? values.length - 1 - at : at];
    if (value === value) return value;
  }
  return null;
}

function quantile(values, share) {
  const sorted = Array.from(values).filter((value) => value === value).sort((a, b) => a - b);
  return sorted.length === 0 ? null : sorted[Math.round((sorted.length - 1) * share)];
}

function variance(values) {
  let count = 0;
  let mean = 0;
  let squares = 0;
  each(values, (value) => {
    const away = value - mean;
    mean += away / ++count;
    squares += away * (value - mean);
  });
  return count === 0 ? null : squares / count;
}

const tally = (values) => {
  let count = 0;
  each(values, () => count++);
  return count;
};

const calculations = {
  lastNotNull: (values) => edge(values, true),
  firstNotNull: (values) => edge(values, false),
  last: (values) => orNull(values.length ? values[values.length - 1] : NaN),
  first: (values) => orNull(values.length ? values[0] : NaN),
  min: (values) => { let low = Infinity; each(values, (value) => { if (value < low) low = value; }); return orNull(low); },
  max: (values) => { let high = -Infinity; each(values, (value) => { if (value > high) high = value; }); return orNull(high); },
  sum: (values) => { let sum = 0; let any = false; each(values, (value) => { sum += value; any = true; }); return any ? sum : null; },
  mean: (values) => { const count = tally(values); return count ? calculations.sum(values) / count : null; },
  count: (values) => values.length,
  nonNullCount: tally,
  range: (values) => { const low = calculations.min(values); return low === null ? null : calculations.max(values) - low; },
  diff: (values) => { const first = edge(values, false); return first === null ? null : edge(values, true) - first; },
  diffperc: (values) => { const first = edge(values, false); return first ? (edge(values, true) - first) / first : null; },
  delta: (values) => {
    // A counter's increase: after a reset it begins anew at zero.
    let sum = 0;
    let before = NaN;
    each(values, (value) => {
      if (before === before) sum += value >= before ? value - before : value;
      before = value;
    });
    return before === before ? sum : null;
  },
  step: (values) => { let low = Infinity; let before = NaN; each(values, (value) => { if (before === before) low = Math.min(low, value - before); before = value; }); return orNull(low); },
  logmin: (values) => { let low = Infinity; each(values, (value) => { if (value > 0 && value < low) low = value; }); return orNull(low); },
  allIsZero: (values) => { let zero = true; each(values, (value) => { if (value !== 0) zero = false; }); return zero ? 1 : 0; },
  allIsNull: (values) => tally(values) === 0 ? 1 : 0,
  changeCount: (values) => { let changes = 0; let before = NaN; each(values, (value) => { if (before === before && value !== before) changes++; before = value; }); return changes; },
  distinctCount: (values) => { const seen = new Set(); each(values, (value) => seen.add(value)); return seen.size; },
  variance,
  stdDev: (values) => { const square = variance(values); return square === null ? null : Math.sqrt(square); },
  median: (values) => quantile(values, 0.5),
};

/** The calculation of that id over the values; unknown ids are the last value. */
export function reduce(values, id) {
  if (Object.hasOwn(calculations, id)) return calculations[id](values);
  const share = /^p(\d{1,2})$/.exec(id ?? '');
  return share ? quantile(values, Number(share[1]) / 100) : calculations.lastNotNull(values);
}
