// A row or a column of a map as a curve beside it, on the scale of its colours.

/**
 * Draw `values[from … to)` along a side of the map.
 * `box` is where; `along` says whether cells go from left to right or from below upwards.
 */
function drawProfile(context, { box, along, values, intervals, from, to, at, scale, ink }) {
  const place = (cell, value) => {
    const share = (value - scale[0]) / (scale[1] - scale[0]);
    const where = (cell + 0.5 - from) / (to - from);
    return along === "row"
      ? [box.x + where * box.width, box.y + (1 - share) * box.height]
      : [box.x + share * box.width, box.y + (1 - where) * box.height];
  };

  context.strokeStyle = ink.rule;
  context.lineWidth = 1;
  for (const share of [0, 0.5, 1]) {
    const value = scale[0] + share * (scale[1] - scale[0]);
    line(context, [place(from - 0.5, value), place(to - 0.5, value)]);
  }
  context.save();
  context.beginPath();
  context.rect(box.x - 4, box.y - 4, box.width + 8, box.height + 8);
  context.clip();
  context.strokeStyle = ink[along];
  context.lineWidth = 1.6;
  context.lineJoin = "round";
  if (intervals) band(context, intervals, Math.max(0, Math.floor(from)), to, place, ink[along]);
  let points = [];
  for (let cell = Math.max(0, Math.floor(from)); cell < to; cell++) {
    if (!Number.isNaN(values[cell])) points.push(place(cell, values[cell]));
    if (Number.isNaN(values[cell]) || cell + 1 >= to) {
      line(context, points); // an undefined cell breaks it
      points = [];
    }
  }
  if (!Number.isNaN(values[at])) dot(context, place(at, values[at]), ink[along]);
  context.restore();
  context.fillStyle = ink.soft;
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  for (const share of [0, 1]) {
    const value = scale[0] + share * (scale[1] - scale[0]);
    const [x, y] = place(to - 0.5, value);
    context.textAlign = along === "row" ? "left" : "center";
    context.fillText(short(value), along === "row" ? x + 5 : x, along === "row" ? y + 4 : y - 6);
  }
}

/** What lies between the ends of the intervals; a cell that has none breaks it. */
function band(context, intervals, from, to, place, colour) {
  context.save();
  context.globalAlpha = 0.22;
  context.fillStyle = colour;
  let edge = [];
  for (let cell = from; cell <= to; cell++) {
    const ends = cell < to ? intervals[cell] : null;
    if (ends) edge.push(ends.map((end) => place(cell, end)));
    else if (edge.length) {
      context.beginPath();
      for (const [low] of edge) context.lineTo(...low);
      for (const [, high] of edge.reverse()) context.lineTo(...high);
      context.fill();
      edge = [];
    }
  }
  context.restore();
}

function line(context, points) {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
}

function dot(context, [x, y], colour) {
  context.fillStyle = colour;
  context.beginPath();
  context.arc(x, y, 3.5, 0, 2 * Math.PI);
  context.fill();
}
