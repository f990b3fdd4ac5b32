// The colour scale of the paper's heatmaps: magma, told apart with every common colour vision and in
// grey, since it rises in lightness all the way.

const ANCHORS = (
  "000004 030312 0a0822 130d34 1d1147 29115a 36106b 440f76 51127c 5d177f 6a1c81 " +
  "762181 832681 902a81 9c2e7f aa337d b73779 c43c75 d0416f dc4869 e75263 ef5d5e " +
  "f56b5c f9795d fc8961 fd9869 fea772 feb67c fec488 fed395 fde2a3 fcf0b2 fcfdbf"
).split(" "); // equally spaced, dark to light

/** 256 colours, three bytes each, by linear interpolation between the anchors. */
const COLOURS = (() => {
  const table = new Uint8ClampedArray(256 * 3);
  for (let level = 0; level < 256; level++) {
    const at = (level / 255) * (ANCHORS.length - 1);
    const below = Math.min(Math.floor(at), ANCHORS.length - 2);
    for (let channel = 0; channel < 3; channel++) {
      const [low, high] = [below, below + 1].map((anchor) =>
        parseInt(ANCHORS[anchor].slice(2 * channel, 2 * channel + 2), 16),
      );
      table[3 * level + channel] = low + (high - low) * (at - below);
    }
  }
  return table;
})();

/** A matrix as an image of one pixel a cell, the first row below; undefined cells are see-through. */
function imageOf(matrix) {
  const { rows, columns, values, scale } = matrix;
  const image = new ImageData(columns, rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = values[row * columns + column];
      if (Number.isNaN(value)) continue;
      const share = (value - scale[0]) / (scale[1] - scale[0]);
      const level = Math.round(255 * Math.min(1, Math.max(0, share)));
      const pixel = 4 * ((rows - 1 - row) * columns + column);
      image.data.set(COLOURS.subarray(3 * level, 3 * level + 3), pixel);
      image.data[pixel + 3] = 255;
    }
  }
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = rows;
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

/** The scale itself, from left to right, over the whole of a canvas. */
function drawScale(canvas) {
  canvas.width = 256;
  canvas.height = 1;
  const values = Float32Array.from({ length: 256 }, (_, level) => level / 255);
  const image = imageOf({ rows: 1, columns: 256, values, scale: [0, 1] });
  canvas.getContext("2d").drawImage(image, 0, 0);
}
