// The viewer of an exhibit's maps: hover reads a cell, a click pins its row and column, a dragged
// rectangle is looked at closely; all of it from the keyboard, too.

/** What the keys do to the pinned cell: steps up and across. */
const MOVES = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const FAR = 10; // cells with Shift
const CLOSER = 0.5;
const SHORT = 3; // letters of a name that need not be turned
const DRAG = 5; // pixels under which a drag is a click

/** A viewer in `root`; returns what shows a matrix in it. */
function mapViewer(root) {
  const canvas = root.querySelector("canvas.plane");
  const context = canvas.getContext("2d");
  const said = {
    value: root.querySelector(".value"),
    interval: root.querySelector(".interval"),
    x: root.querySelector(".across"),
    y: root.querySelector(".up"),
  };
  const state = { matrix: null, shown: null, pinned: null, hovered: null, dragged: null };
  let isShort = false;
  let layout = layoutOf(600, isShort);
  let from = null; // where a drag began
  let waiting = false;
  let ink = null; // colours of the theme, asked for once: each question lays out the page anew

  /** Say at once what is pointed at, and draw once for all that changes before the next frame. */
  function draw() {
    if (!state.matrix) return;
    read(state.hovered ?? state.pinned);
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      ink ??= inkOf(canvas);
      const sharp = devicePixelRatio || 1;
      canvas.width = Math.round(layout.width * sharp);
      canvas.height = Math.round(layout.height * sharp);
      canvas.style.height = `${layout.height}px`;
      context.setTransform(sharp, 0, 0, sharp, 0, 0);
      drawPlane(context, { layout, ...state, ink });
    });
  }

  function read({ row, column }) {
    const { matrix } = state;
    const across = `${matrix.labelsX[column]} (${column + 1} of ${matrix.columns})`;
    const up = `${matrix.labelsY[row]} (${row + 1} of ${matrix.rows})`;
    const cell = row * matrix.columns + column;
    said.value.textContent = written(matrix.values[cell], matrix.step);
    const ends = matrix.widths && endsOf(matrix.values[cell], matrix.widths[cell], matrix.step);
    said.interval.textContent = ends ? `[${ends.map((end) => written(end, matrix.step)).join(", ")}]` : "";
    said.x.textContent = `→ ${matrix.captionX} ${across}`;
    said.y.textContent = `↑ ${matrix.captionY} ${up}`;
  }

  function show(matrix) {
    const isSame = state.matrix?.rows === matrix.rows && state.matrix?.columns === matrix.columns;
    state.matrix = matrix;
    state.shown = isSame ? state.shown : wholeOf(matrix);
    const names = [...matrix.labelsX, ...matrix.labelsY];
    isShort = names.every((name) => name.length <= SHORT);
    layout = layoutOf(layout.width, isShort);
    const middle = { row: Math.floor(matrix.rows / 2), column: Math.floor(matrix.columns / 2) };
    state.pinned = isSame ? state.pinned : middle;
    state.hovered = null;
    canvas.setAttribute("aria-label", `Map: ${matrix.title}`);
    draw();
  }

  function zoom(factor) {
    state.shown = factor ? zoomed(state.shown, factor, state.pinned, state.matrix) : wholeOf(state.matrix);
    draw();
  }

  function cellUnder(event) {
    return cellAt(layout, state.shown, event.offsetX, event.offsetY);
  }

  canvas.addEventListener("pointermove", (event) => {
    if (!state.matrix) return;
    state.hovered = cellUnder(event);
    if (from && event.pointerType !== "touch") state.dragged = rectangle(from, event, layout.plane);
    draw();
  });
  canvas.addEventListener("pointerleave", () => {
    state.hovered = null;
    draw();
  });
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !cellUnder(event)) return;
    from = { offsetX: event.offsetX, offsetY: event.offsetY };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointerup", (event) => {
    const box = state.dragged;
    const cell = cellUnder(event);
    if (box && Math.min(box.width, box.height) > DRAG) state.shown = inside(box, layout, state.shown);
    else if (from && cell) state.pinned = cell;
    from = state.dragged = null;
    draw();
  });
  canvas.addEventListener("pointercancel", () => {
    from = state.dragged = null;
    draw();
  });
  canvas.addEventListener("dblclick", () => zoom(0));
  canvas.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (move) {
      const far = event.shiftKey ? FAR : 1;
      const { rows, columns } = state.matrix;
      state.hovered = null;
      state.pinned = {
        row: Math.min(rows - 1, Math.max(0, state.pinned.row + move[0] * far)),
        column: Math.min(columns - 1, Math.max(0, state.pinned.column + move[1] * far)),
      };
      state.shown = following(state.shown, state.pinned);
      draw();
    } else if (event.key === "+" || event.key === "=") zoom(CLOSER);
    else if (event.key === "-") zoom(1 / CLOSER);
    else if (event.key === "0" || event.key === "Escape") zoom(0);
    else return;
    event.preventDefault();
  });
  for (const button of root.querySelectorAll("button[data-zoom]")) {
    button.addEventListener("click", () => zoom(Number(button.dataset.zoom)));
  }
  document.addEventListener("theme", () => {
    ink = null;
    draw();
  });
  new ResizeObserver(() => {
    layout = layoutOf(canvas.clientWidth || layout.width, isShort);
    draw();
  }).observe(canvas);
  return show;
}

/** The rectangle between two points, inside the map. */
function rectangle(from, to, plane) {
  const inX = (x) => Math.min(plane.x + plane.width, Math.max(plane.x, x));
  const inY = (y) => Math.min(plane.y + plane.height, Math.max(plane.y, y));
  const [left, right] = [inX(from.offsetX), inX(to.offsetX)].sort((a, b) => a - b);
  const [top, bottom] = [inY(from.offsetY), inY(to.offsetY)].sort((a, b) => a - b);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The window of the cells that a rectangle touches. */
function inside({ x, y, width, height }, layout, shown) {
  const low = cellAt(layout, shown, x, y + height - 0.01) ?? { row: shown.bottom, column: shown.left };
  const high = cellAt(layout, shown, x + width - 0.01, y) ?? { row: shown.top - 1, column: shown.right - 1 };
  return { left: low.column, right: high.column + 1, bottom: low.row, top: high.row + 1 };
}

/** The colours of the theme in force. */
function inkOf(canvas) {
  const ink = { row: colourOf(canvas, "--s1"), column: colourOf(canvas, "--s0") };
  for (const name of ["ink", "soft", "rule", "tint", "pin"]) ink[name] = colourOf(canvas, `--${name}`);
  return ink;
}
