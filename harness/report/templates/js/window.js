// The part of a map that is shown: columns [left, right), rows [bottom, top), in cells.

const CLOSEST = 4; // cells along a side, at the closest

/** All of a map. */
function wholeOf({ rows, columns }) {
  return { left: 0, right: columns, bottom: 0, top: rows };
}

/** The window grown or shrunk by a factor, around a cell, inside the map. */
function zoomed(shown, factor, { row, column }, matrix) {
  const [left, right] = span(shown.left, shown.right, factor, column + 0.5, matrix.columns);
  const [bottom, top] = span(shown.bottom, shown.top, factor, row + 0.5, matrix.rows);
  return { left, right, bottom, top };
}

/** The window moved as little as needed for a cell to be in it. */
function following(shown, { row, column }) {
  const x = shift(shown.left, shown.right, column);
  const y = shift(shown.bottom, shown.top, row);
  return {
    left: shown.left + x,
    right: shown.right + x,
    bottom: shown.bottom + y,
    top: shown.top + y,
  };
}

function span(from, to, factor, at, most) {
  const length = Math.min(most, Math.max(Math.min(CLOSEST, most), Math.round((to - from) * factor)));
  const share = (at - from) / (to - from);
  const start = Math.round(Math.min(most - length, Math.max(0, at - share * length)));
  return [start, start + length];
}

function shift(from, to, cell) {
  return Math.min(0, cell - from) + Math.max(0, cell + 1 - to);
}
