// Learning curves: every panel of an exhibit says its values at one epoch, the one under the pointer
// or under a mark that the arrow keys move. The values are read off the lines.

const [PANEL_WIDTH, PANEL_HEIGHT] = [160, 90]; // of the view box; 0…100 percent fill its height

/** Let the panels of an exhibit be read together. */
function readableLearning(root) {
  const words = new Map();
  for (const label of root.querySelectorAll(".legend label[data-tone]")) {
    const { tone } = label.dataset; // there are fewer colours than there may be series
    words.set(tone, [words.get(tone), label.textContent.trim()].filter(Boolean).join(" / "));
  }
  const panels = [...root.querySelectorAll("figure")].map((figure) => panelOf(figure, words));
  const last = Math.max(...panels.map(({ epochs }) => epochs));
  let at = last;

  function read(epoch, isMarked) {
    at = Math.min(last, Math.max(1, epoch));
    for (const panel of panels) readPanel(panel, Math.min(at, panel.epochs), isMarked);
  }

  for (const { svg, epochs } of panels) {
    svg.addEventListener("pointermove", (event) => {
      const matrix = svg.getScreenCTM();
      const x = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse()).x;
      read(1 + Math.round((x / PANEL_WIDTH) * (epochs - 1)), true);
    });
  }
  const list = root.querySelector(".panels");
  list.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1, Home: -last, End: last }[event.key];
    if (!move) return;
    read(at + move, true);
    event.preventDefault();
  });
  list.addEventListener("focus", () => read(at, true));
  root.addEventListener("change", () => read(at, true));
  read(last, false);
}

/** A panel, its lines by series: on the test set, and on the training set. */
function panelOf(figure, words) {
  const svg = figure.querySelector("svg");
  const series = [...words].map(([tone, word]) => {
    const [test, train] = [":not(.train)", ".train"].map((kind) => [
      ...svg.querySelectorAll(`polyline.${tone}${kind}`),
    ]);
    return { tone, word, test, train };
  });
  const mark = svg.querySelector(".mark-line");
  return { svg, mark, series, said: figure.querySelector(".said"), epochs: Number(svg.dataset.epochs) };
}

/** Say what a panel has at an epoch, and mark it. */
function readPanel({ mark, series, said, epochs }, epoch, isMarked) {
  const step = epochs > 1 ? PANEL_WIDTH / (epochs - 1) : PANEL_WIDTH;
  const x = epochs > 1 ? (epoch - 1) * step : PANEL_WIDTH / 2;
  for (const side of ["x1", "x2"]) mark.setAttribute(side, x);
  if (isMarked) mark.removeAttribute("visibility");
  const items = series.flatMap(({ tone, word, test, train }) => {
    const [tested, trained] = [test, train].map((lines) => valuesAt(lines, x, step / 2));
    if (!tested && !trained) return [];
    const item = document.createElement("span");
    item.className = tone;
    item.textContent = [word, tested, trained && `(training ${trained})`].filter(Boolean).join(" ");
    return [item];
  });
  said.replaceChildren(`epoch ${epoch}`, ...items);
}

/** What those of the lines that are shown have at a place, `91.06, 90.87`; nothing where none is. */
function valuesAt(lines, x, near) {
  return lines
    .filter((line) => getComputedStyle(line).display !== "none")
    .map((line) => [...line.points].find((point) => Math.abs(point.x - x) < near))
    .map((point) => (point ? (100 * (1 - point.y / PANEL_HEIGHT)).toFixed(2) : "undefined"))
    .join(", ");
}
