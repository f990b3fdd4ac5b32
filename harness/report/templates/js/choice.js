// The maps of an exhibit as small pictures to choose from; each is unpacked when it is needed.

const SMALL = 72; // CSS pixels of a small picture

/** Fill the part of an exhibit that shows its maps. */
async function choiceOfMaps(root) {
  const described = JSON.parse(document.getElementById(root.dataset.maps).textContent);
  const show = mapViewer(root);
  const list = root.querySelector(".choice");
  const loaded = new Map();
  drawScale(root.querySelector("canvas.scale"));

  function load(number) {
    if (!loaded.has(number)) loaded.set(number, matrixOf(described, described.maps[number]));
    return loaded.get(number);
  }

  async function choose(number) {
    for (const [other, button] of [...list.children].entries()) {
      button.setAttribute("aria-pressed", String(other === number));
    }
    const { title, unit, scale } = described.maps[number];
    root.querySelector(".title").textContent = title;
    root.querySelector(".unit").textContent = unit;
    for (const [end, label] of root.querySelectorAll(".ramp span").entries()) {
      label.textContent = short(scale[end]);
    }
    show(await load(number));
  }

  const buttons = described.maps.map((map, number) => {
    const button = document.createElement("button");
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 2 * SMALL;
    button.type = "button";
    button.append(canvas, map.title);
    button.addEventListener("click", () => choose(number));
    return button;
  });
  list.replaceChildren(...buttons);
  list.hidden = buttons.length < 2;
  await choose(0);
  if (list.hidden) return;
  for (const [number, button] of buttons.entries()) drawSmall(button.firstChild, await load(number));
}

/** A map as the viewer needs it. */
async function matrixOf(described, map) {
  const [labelsX, labelsY] = [map.x, map.y].map((axis) => described.labels[axis.labels]);
  const [rows, columns] = [labelsY.length, labelsX.length];
  const textOf = (name) => document.getElementById(name).textContent;
  const values = await unpack({ text: textOf(map.cells), rows, columns, low: map.low, step: map.step });
  const { interval } = map;
  const widths = interval && (await unpack({ ...interval, rows, columns, text: textOf(interval.cells) }));
  const matrix = {
    title: map.title, rows, columns, values, widths, labelsX, labelsY,
    captionX: map.x.caption, captionY: map.y.caption, step: map.step, scale: map.scale,
  };
  return { ...matrix, image: imageOf(matrix) };
}

function drawSmall(canvas, { image, columns }) {
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = columns > canvas.width;
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
}
