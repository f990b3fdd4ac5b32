// The way back of `pack.py`: base64, deflate, two planes of bytes, what was left over after each
// cell was predicted from its neighbours.

const UNDEFINED = 0xffff;

/** The cells of a map as numbers, row by row from below; NaN where undefined. */
async function unpack({ text, rows, columns, low, step }) {
  const n = rows * columns;
  const planes = await inflate(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
  const counts = new Uint16Array(n); // sums run modulo 2^16, as they did there
  const values = new Float64Array(n);
  for (let cell = 0; cell < n; cell++) {
    const folded = planes[cell] | (planes[n + cell] << 8);
    const leftOver = (folded >>> 1) ^ -(folded & 1);
    const left = cell % columns ? counts[cell - 1] : 0;
    const below = cell >= columns ? counts[cell - columns] : 0;
    const belowLeft = cell % columns && cell >= columns ? counts[cell - columns - 1] : 0;
    counts[cell] = leftOver + left + below - belowLeft;
    values[cell] = counts[cell] === UNDEFINED ? NaN : low + counts[cell] * step;
  }
  return values;
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * The ends of the interval around a value, from the logarithm of its half width on the scale of
 * atanh; null where there is none. A value that is 1 but for its rounding is taken for less.
 */
function endsOf(value, width, step) {
  if (Number.isNaN(value) || Number.isNaN(width)) return null;
  const middle = Math.atanh(Math.min(1 - step / 2, Math.max(step / 2 - 1, value)));
  return [-1, 1].map((sign) => Math.tanh(middle + sign * 10 ** width));
}

/** An end of a scale; thousands and more in powers of ten. */
function short(value) {
  const text = Math.abs(value) < 1e4 ? `${value}` : value.toExponential(1).replace("e+", "e");
  return text.replace("-", "−");
}

/** A number with as many digits as its step has. */
function written(value, step) {
  if (Number.isNaN(value)) return "undefined";
  return value.toFixed(Math.max(0, -Math.round(Math.log10(step)))).replace("-", "−");
}
