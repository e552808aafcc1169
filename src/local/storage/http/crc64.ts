/** CRC-64/NVME, lowest bit first. */
const polynomial = 0x9a6c9329ac4bc9b5n;
const allBits = ~0;

/**
 * Tables for eight bytes at a time, because bodies can have hundreds of MiB. Entry `256 * n + byte` is the
 * remainder of `byte` followed by `n` zero bytes. Its two halves are in two arrays, because numbers have
 * bitwise operators for 32 bits only. They are signed, like the operators' results, which saves conversions.
 */
const lowHalves = new Int32Array(8 * 256);
const highHalves = new Int32Array(8 * 256);
for (let byte = 0; byte < 256; byte += 1) {
  let remainder = BigInt(byte);
  for (let count = 0; count < 8; count += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      remainder = (remainder >> 1n) ^ ((remainder & 1n) === 0n ? 0n : polynomial);
    }
    lowHalves[256 * count + byte] = Number(remainder & 0xffff_ffffn);
    highHalves[256 * count + byte] = Number(remainder >> 32n);
  }
}

/**
 * The value of `x-ms-content-crc64`: the CRC64 as base64 of its eight bytes, lowest byte first. The
 * polynomial and the byte order are those of recordings of the service.
 */
export function crc64(bytes: Buffer): string {
  let low = allBits;
  let high = allBits;
  const lookUp = (half: Int32Array, index: number) => half[index] ?? 0; // the index is always below 2,048
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = bytes.length - (bytes.length % 8);
  for (let at = 0; at < end; at += 8) {
    const one = low ^ view.getInt32(at, true);
    const two = high ^ view.getInt32(at + 4, true);
    const remainder = (half: Int32Array) =>
      lookUp(half, 1792 + (one & 255)) ^
      lookUp(half, 1536 + ((one >>> 8) & 255)) ^
      lookUp(half, 1280 + ((one >>> 16) & 255)) ^
      lookUp(half, 1024 + (one >>> 24)) ^
      lookUp(half, 768 + (two & 255)) ^
      lookUp(half, 512 + ((two >>> 8) & 255)) ^
      lookUp(half, 256 + ((two >>> 16) & 255)) ^
      lookUp(half, two >>> 24);
    low = remainder(lowHalves);
    high = remainder(highHalves);
  }
  for (const byte of bytes.subarray(end)) {
    const index = (low ^ byte) & 255;
    low = ((low >>> 8) | (high << 24)) ^ lookUp(lowHalves, index);
    high = (high >>> 8) ^ lookUp(highHalves, index);
  }
  const result = Buffer.alloc(8);
  result.writeUInt32LE((low ^ allBits) >>> 0, 0);
  result.writeUInt32LE((high ^ allBits) >>> 0, 4);
  return result.toString("base64");
}
