// What is drawn of a series: its values turned round where a board says so, and put on top of one another. The arrays
// are kept from one refresh to the next; a stack of unlike time grids is brought onto one grid first.

/** `values` in an array of that length, the old one if it has it. */
function roomFor(array, length) {
  return array?.length === length ? array : new Float64Array(length);
}

export function sameGrid(a, b) {
  if (a === b) return true;
  return a.length === b.length && a[0] === b[0] && a[a.length - 1] === b[b.length - 1];
}

/** All times of several grids, rising, each once. */
export function unionTimes(grids) {
  const all = new Float64Array(grids.reduce((sum, grid) => sum + grid.length, 0));
  let length = 0;
  for (const grid of grids) {
    all.set(grid, length);
    length += grid.length;
  }
  all.sort();
  let kept = 0;
  for (let at = 0; at < all.length; at++) if (at === 0 || all[at] !== all[at - 1]) all[kept++] = all[at];
  return all.subarray(0, kept);
}

/** A series on another grid: between two of its samples it is on the line between them, in its gaps it is a gap. */
export function onGrid(times, values, grid) {
  const result = new Float64Array(grid.length).fill(NaN);
  let at = 0;
  for (let i = 0; i < grid.length; i++) {
    const time = grid[i];
    while (at < times.length - 1 && times[at + 1] <= time) at++;
    if (times[at] === time) result[i] = values[at];
    else if (times[at] < time && at + 1 < times.length) {
      const share = (time - times[at]) / (times[at + 1] - times[at]);
      result[i] = values[at] + (values[at + 1] - values[at]) * share;
    }
  }
  return result;
}

/** Whether the series lies below zero on the whole: such ones make their own stack, downwards. */
function goesDown(values) {
  let sum = 0;
  for (let at = 0; at < values.length; at++) if (values[at] === values[at]) sum += values[at];
  return sum < 0;
}

/**
 * Gives each visible item `drawnTimes`, `drawn` (what its line follows) and `base` (what its area stands on, or null).
 * An item has `times`, `values`, `negate`, `stackMode` (`none`, `normal`, `percent`), `group` and `visible`.
 */
export function prepare(items) {
  const groups = new Map();
  for (const item of items) {
    if (!item.visible) continue;
    item.drawnTimes = item.times;
    item.base = null;
    if (item.negate) {
      item.turned = roomFor(item.turned, item.values.length);
      for (let at = 0; at < item.values.length; at++) item.turned[at] = -item.values[at];
      item.drawn = item.turned;
    } else item.drawn = item.values;
    if (item.stackMode === 'none') continue;
    const key = `${item.stackMode} ${item.group} ${item.axisKey} ${item.drawStyle === 'bars'} ${goesDown(item.drawn)}`;
    if (groups.has(key)) groups.get(key).push(item);
    else groups.set(key, [item]);
  }
  for (const group of groups.values()) pile(group);
}

function pile(group) {
  const first = group[0];
  const alike = group.every((item) => sameGrid(item.drawnTimes, first.drawnTimes));
  const grid = alike ? first.drawnTimes : unionTimes(group.map((item) => item.drawnTimes));
  const length = grid.length;
  const percent = first.stackMode === 'percent';
  let total = null;
  if (!alike) for (const item of group) item.drawn = onGrid(item.drawnTimes, item.drawn, grid);
  if (percent) {
    total = first.total = roomFor(first.total, length);
    total.fill(0);
    for (const item of group) for (let at = 0; at < length; at++) if (item.drawn[at] === item.drawn[at]) total[at] += Math.abs(item.drawn[at]);
  }
  let below = null;
  for (const item of group) {
    const raw = item.drawn;
    const sum = item.stacked = roomFor(item.stacked, length);
    // Where a series has a gap, those above it stand on what is below it.
    const floor = item.floor = roomFor(item.floor, length);
    for (let at = 0; at < length; at++) {
      const under = below === null ? 0 : below[at];
      let value = raw[at];
      if (percent && value === value) value = total[at] === 0 ? 0 : value / total[at];
      sum[at] = under + value;
      floor[at] = value === value ? sum[at] : under;
    }
    item.drawnTimes = grid;
    item.drawn = sum;
    item.base = below;
    below = floor;
  }
}
