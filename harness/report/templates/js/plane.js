// A map on its canvas: cells, names of layers, the two profiles, cross hairs.

const APART = 24; // between names along an axis, at least
const FONT = "11px system-ui, sans-serif";

/** Where everything is, in CSS pixels of a canvas of this width; short names need little room. */
function layoutOf(width, isShort) {
  const isNarrow = width < 460;
  const [side, gap] = isNarrow ? [58, 8] : [96, 12];
  const [left, names] = isShort ? [44, 46] : isNarrow ? [74, 90] : [104, 92];
  const size = width - left - side - gap - 6;
  const top = 22;
  return {
    width,
    isShort,
    height: top + size + gap + side + names,
    plane: { x: left, y: top, width: size, height: size },
    row: { x: left, y: top + size + gap, width: size, height: side },
    column: { x: left + size + gap, y: top, width: side, height: size },
  };
}

/** Which cell lies under a point of the canvas; none outside the map. */
function cellAt({ plane }, shown, x, y) {
  const across = (x - plane.x) / plane.width;
  const up = 1 - (y - plane.y) / plane.height;
  if (across < 0 || across >= 1 || up < 0 || up >= 1) return null;
  return {
    column: Math.floor(shown.left + across * (shown.right - shown.left)),
    row: Math.floor(shown.bottom + up * (shown.top - shown.bottom)),
  };
}

/** Draw all of it. `pinned` is the cell whose row and column stand beside the map. */
function drawPlane(context, { layout, matrix, shown, pinned, hovered, dragged, ink }) {
  const { plane } = layout;
  context.clearRect(0, 0, layout.width, layout.height);
  context.font = FONT;
  context.fillStyle = ink.tint;
  context.fillRect(plane.x, plane.y, plane.width, plane.height);
  hatch(context, plane, ink);
  const across = shown.right - shown.left;
  const up = shown.top - shown.bottom;
  context.imageSmoothingEnabled = across > plane.width; // fewer pixels than cells
  context.drawImage(
    matrix.image,
    shown.left, matrix.rows - shown.top, across, up,
    plane.x, plane.y, plane.width, plane.height,
  );
  names(context, layout, matrix, shown, ink);
  crossHair(context, layout, shown, pinned, ink.pin, []);
  if (hovered) crossHair(context, layout, shown, hovered, ink.pin, [2, 3]);
  const ends = { scale: matrix.scale, ink };
  const { row, column } = pinned;
  drawProfile(context, {
    ...ends, box: layout.row, along: "row", values: rowOf(matrix, matrix.values, row),
    intervals: intervalsOf(matrix, (cells) => rowOf(matrix, cells, row)),
    from: shown.left, to: shown.right, at: column,
  });
  drawProfile(context, {
    ...ends, box: layout.column, along: "column", values: columnOf(matrix, matrix.values, column),
    intervals: intervalsOf(matrix, (cells) => columnOf(matrix, cells, column)),
    from: shown.bottom, to: shown.top, at: row,
  });
  if (dragged) frame(context, dragged, ink);
}

/** The ends along a row or a column, which `pick` takes from all cells; null where there are none. */
function intervalsOf({ values, widths, step }, pick) {
  if (!widths) return null;
  const along = pick(widths);
  return Array.from(pick(values), (value, cell) => endsOf(value, along[cell], step));
}

function rowOf({ columns }, values, row) {
  return values.subarray(row * columns, (row + 1) * columns);
}

function columnOf({ rows, columns }, values, column) {
  return Float64Array.from({ length: rows }, (_, row) => values[row * columns + column]);
}

/** Some of the names of the layers: as many as there is room for. */
function names(context, layout, matrix, shown, ink) {
  const { plane, row } = layout;
  context.fillStyle = ink.soft;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const cell of somewhere(shown.bottom, shown.top, plane.height)) {
    const y = plane.y + plane.height * (1 - (cell + 0.5 - shown.bottom) / (shown.top - shown.bottom));
    context.fillText(matrix.labelsY[cell], plane.x - 6, y, plane.x - 20);
  }
  for (const cell of somewhere(shown.left, shown.right, plane.width)) {
    const x = plane.x + (plane.width * (cell + 0.5 - shown.left)) / (shown.right - shown.left);
    context.save();
    context.translate(x, row.y + row.height + (layout.isShort ? 12 : 8));
    if (layout.isShort) context.textAlign = "center";
    else context.rotate(-Math.PI / 3.2);
    context.fillText(matrix.labelsX[cell], 0, 0, 78);
    context.restore();
  }
  context.fillStyle = ink.ink;
  context.textAlign = "center";
  context.save();
  context.translate(7, plane.y + plane.height / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(matrix.captionY, 0, 0);
  context.restore();
  context.fillText(matrix.captionX, plane.x + plane.width / 2, layout.height - 8);
}

/** Cells of a range whose names stand at least `APART` from one another. */
function somewhere(from, to, room) {
  const every = Math.max(1, Math.ceil(((to - from) * APART) / room));
  const first = Math.ceil(from / every) * every;
  return Array.from({ length: Math.max(0, Math.ceil((to - first) / every)) }, (_, n) => first + n * every);
}

function crossHair(context, { plane, row, column }, shown, cell, colour, dashes) {
  const x = plane.x + (plane.width * (cell.column + 0.5 - shown.left)) / (shown.right - shown.left);
  const y = plane.y + plane.height * (1 - (cell.row + 0.5 - shown.bottom) / (shown.top - shown.bottom));
  const isAcross = x >= plane.x && x <= plane.x + plane.width;
  const isUp = y >= plane.y && y <= plane.y + plane.height;
  context.save();
  context.setLineDash(dashes);
  context.strokeStyle = colour;
  context.lineWidth = 1;
  if (isUp) line(context, [[plane.x, y], [column.x + column.width, y]]);
  if (isAcross) line(context, [[x, plane.y], [x, row.y + row.height]]);
  context.restore();
}

function frame(context, { x, y, width, height }, ink) {
  context.strokeStyle = ink.pin;
  context.lineWidth = 1.5;
  context.strokeRect(x, y, width, height);
}

/** The ground that shows where a cell is undefined. */
function hatch(context, { x, y, width, height }, ink) {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.strokeStyle = ink.rule;
  for (let at = -height; at < width; at += 7) line(context, [[x + at, y + height], [x + at + height, y]]);
  context.restore();
}
