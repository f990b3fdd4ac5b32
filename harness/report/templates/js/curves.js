// Curves: the names and values under the pointer, or under a mark that the arrow keys move. Which
// curves are shown is up to the check boxes and needs no script.

/** Let a chart be read. */
function readableChart(figure) {
  const svg = figure.querySelector("svg");
  const mark = svg.querySelector(".mark-line");
  const said = figure.querySelector(".said");
  const { area, steps, series } = JSON.parse(document.getElementById(figure.dataset.curves).textContent);
  const words = [...figure.querySelectorAll(".legend label")];
  let at = 0;

  function read(step) {
    at = Math.min(steps - 1, Math.max(0, step));
    const x = steps > 1 ? (at / (steps - 1)) * area[0] : area[0] / 2;
    for (const side of ["x1", "x2"]) mark.setAttribute(side, x);
    mark.removeAttribute("visibility");
    said.replaceChildren(...series.flatMap(({ names, values, ends }, number) => {
      const label = words[number];
      if (label.control?.checked === false) return [];
      const item = document.createElement("span");
      item.className = `tone ${label.dataset.tone}`;
      const place = Math.round((at / Math.max(1, steps - 1)) * (values.length - 1)); // of its own
      const value = values[place] === null ? "undefined" : String(values[place]).replace("-", "−");
      const around = ends?.[place] ? ` [${ends[place].join(", ").replaceAll("-", "−")}]` : "";
      item.textContent = `${label.textContent.trim()}, ${names[place]}: ${value}${around}`;
      return [item];
    }));
  }

  svg.addEventListener("pointermove", (event) => {
    const matrix = svg.getScreenCTM();
    const x = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse()).x;
    read(Math.round((x / area[0]) * (steps - 1)));
  });
  svg.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1, Home: -steps, End: steps }[event.key];
    if (!move) return;
    read(at + move);
    event.preventDefault();
  });
  svg.addEventListener("focus", () => read(at));
  figure.addEventListener("change", () => read(at));
}
