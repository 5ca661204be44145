/**
 * SHA-256 of data that comes piece by piece (FIPS 180-4). The browser's own wants the whole file in
 * memory, and is missing where a page was not opened over TLS.
 */

const constants = firstBitsOfRoots(64, 1 / 3);
const initial = firstBitsOfRoots(8, 1 / 2);

/** The first 32 bits of the fractional parts of the roots of the first primes. */
function firstBitsOfRoots(count, exponent) {
  const found = new Int32Array(count);
  for (let candidate = 2, index = 0; index < count; candidate++) {
    if (!isPrime(candidate)) continue;
    const root = candidate ** exponent;
    found[index++] = (root - Math.floor(root)) * 2 ** 32;
  }
  return found;
}

function isPrime(number) {
  for (let divisor = 2; divisor * divisor <= number; divisor++) {
    if (number % divisor === 0) return false;
  }
  return true;
}

/** Starts a hash: `update` takes bytes any number of times, `hex` ends it. */
export function createSha256() {
  const state = Int32Array.from(initial);
  const block = new Uint8Array(64);
  const words = new Int32Array(64);
  let filled = 0;
  let total = 0;

  const update = (bytes) => {
    total += bytes.length;
    let at = 0;
    if (filled > 0) {
      at = Math.min(64 - filled, bytes.length);
      block.set(bytes.subarray(0, at), filled);
      filled += at;
      if (filled < 64) return;
      compress(state, words, block, 0);
    }
    for (; at + 64 <= bytes.length; at += 64) compress(state, words, bytes, at);
    block.set(bytes.subarray(at));
    filled = bytes.length - at;
  };

  const hex = () => {
    const length = new DataView(new ArrayBuffer(8));
    length.setUint32(0, Math.floor(total / 2 ** 29));
    length.setUint32(4, (total * 8) % 2 ** 32);
    const padding = new Uint8Array(1 + ((119 - filled) % 64));
    padding[0] = 0x80;
    update(padding);
    update(new Uint8Array(length.buffer));
    return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  };

  return { update, hex };
}

function compress(state, w, bytes, at) {
  for (let i = 0; i < 16; i++, at += 4) {
    w[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15];
    const y = w[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + constants[i] + w[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}
