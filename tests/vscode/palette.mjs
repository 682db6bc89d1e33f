// Makes a picture of the screen a third of its size: a palette of its colours, to which those between are rounded.

import { crc32, deflateSync, inflateSync } from "node:zlib";

const HEAD = 8; // bytes of a PNG's signature
const MOST = 256; // colours of a palette
const FREQUENT = 64; // those that are taken as they are: backgrounds and text, which may be near each other
const APART = 500; // squared distance of the others: that of a small icon is rare, and has to be among them

/** @param {Buffer} png of 8 bits a channel, not interlaced, as browsers write them @returns {Buffer} */
export function withPalette(png) {
  const parts = [...chunks(png)];
  const header = parts.find(({ kind }) => kind === "IHDR")?.data ?? Buffer.alloc(0);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const channels = header[9] === 6 ? 4 : 3;
  const pixels = unfiltered(inflateSync(Buffer.concat(parts.filter(({ kind }) => kind === "IDAT").map(({ data }) => data))), width * channels, height, channels);
  const colourAt = (/** @type {number} */ at) => pixels.readUIntBE(at * channels, 3);
  /** @type {Map<number, number>} */ const counts = new Map();
  for (let at = 0; at < width * height; at += 1) counts.set(colourAt(at), (counts.get(colourAt(at)) ?? 0) + 1);
  const palette = chosen([...counts].sort(([, one], [, other]) => other - one).map(([colour]) => colour));
  const indices = new Map([...counts.keys()].map((colour) => [colour, nearest(palette, colour)]));
  const rows = Buffer.alloc((width + 1) * height); // each after the byte that names its filter: none
  for (let at = 0; at < width * height; at += 1) rows[at + Math.floor(at / width) + 1] = indices.get(colourAt(at)) ?? 0;
  const colours = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  header.set([8, 3], 8);
  const written = [["IHDR", header], ["PLTE", colours], ["IDAT", deflateSync(rows, { level: 9 })], ["IEND", Buffer.alloc(0)]];
  return Buffer.concat([png.subarray(0, HEAD), ...written.map(([kind, data]) => chunk(String(kind), /** @type {Buffer} */ (data)))]);
}

/** @param {Buffer} png */
function* chunks(png) {
  for (let at = HEAD; at < png.length; ) {
    const length = png.readUInt32BE(at);
    yield { kind: png.toString("latin1", at + 4, at + 8), data: Buffer.from(png.subarray(at + 8, at + 8 + length)) };
    at += length + 12;
  }
}

/** @param {string} kind @param {Buffer} data */
function chunk(kind, data) {
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** The rows of a PNG without its filters (W3C, Portable Network Graphics, section 9). @param {Buffer} data @param {number} stride @param {number} height @param {number} pixel bytes of one */
function unfiltered(data, stride, height, pixel) {
  const out = Buffer.alloc(stride * height);
  for (let row = 0; row < height; row += 1) {
    const filter = data[row * (stride + 1)] ?? 0;
    for (let x = 0; x < stride; x += 1) {
      const at = row * stride + x;
      const left = x < pixel ? 0 : (out[at - pixel] ?? 0);
      const up = row === 0 ? 0 : (out[at - stride] ?? 0);
      const corner = x < pixel || row === 0 ? 0 : (out[at - stride - pixel] ?? 0);
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0;
      out[at] = (data[row * (stride + 1) + 1 + x] ?? 0) + guess;
    }
  }
  return out;
}

/** @param {number} left @param {number} up @param {number} corner */
function paeth(left, up, corner) {
  const [toLeft, toUp, toCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** @param {number[]} colours most frequent first */
function chosen(colours) {
  const palette = colours.slice(0, FREQUENT);
  for (const colour of colours.slice(FREQUENT)) {
    if (palette.length < MOST && palette.every((other) => distance(colour, other) > APART)) palette.push(colour);
  }
  return palette;
}

/** @param {number[]} palette @param {number} colour */
function nearest(palette, colour) {
  const distances = palette.map((other) => distance(colour, other));
  return distances.indexOf(Math.min(...distances));
}

/** @param {number} colour @param {number} other */
function distance(colour, other) {
  return [16, 8, 0].reduce((sum, shift) => sum + (((colour >> shift) & 255) - ((other >> shift) & 255)) ** 2, 0);
}
