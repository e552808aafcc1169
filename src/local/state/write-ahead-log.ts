import { existsSync, readFileSync } from "node:fs";
import { endianness } from "node:os";

/**
 * Returns true if the write-ahead log of a SQLite file still has every commit that the log's index counts. After a
 * killed process SQLite recovers the log up to the first frame that is truncated or damaged, and silently drops the
 * rest, so this must be checked before the file is opened. True if there is no index, because nothing is known then.
 *
 * Formats: sqlite.org/fileformat2.html#walformat (log), sqlite.org/walformat.html#walidxfmt (index).
 */
export function isLogComplete(file: string): boolean {
  const index = readIndex(`${file}-shm`);
  if (index === null || index.frames === 0) return true;
  const log = existsSync(`${file}-wal`) ? readFileSync(`${file}-wal`) : Buffer.alloc(0);
  // All commits are in the database itself.
  if (log.length === 0) return index.copiedFrames === index.frames;
  if (log.length < logHeaderBytes + index.frames * (frameHeaderBytes + index.pageBytes)) {
    return false;
  }
  return areFramesValid(log, index);
}

type LogIndex = { frames: number; copiedFrames: number; pageBytes: number; salts: Buffer };

const logHeaderBytes = 32;
const frameHeaderBytes = 24;
const indexHeaderBytes = 48;
const isLittleEndian = endianness() === "LE";

/** Null if there is no index, or if its process died while it wrote it. */
function readIndex(file: string): LogIndex | null {
  if (!existsSync(file)) return null;
  const bytes = readFileSync(file);
  const header = bytes.subarray(0, indexHeaderBytes);
  const copy = bytes.subarray(indexHeaderBytes, 2 * indexHeaderBytes);
  if (bytes.length < 100 || !header.equals(copy)) return null;
  const view = viewOf(bytes);
  const sum = checksum([0, 0], header.subarray(0, 40), isLittleEndian);
  if (!isSum(sum, view, 40, isLittleEndian)) return null;
  const size = view.getUint16(14, isLittleEndian);
  return {
    frames: view.getUint32(16, isLittleEndian),
    copiedFrames: view.getUint32(96, isLittleEndian),
    pageBytes: size === 1 ? 65_536 : size,
    salts: header.subarray(32, 40),
  };
}

function areFramesValid(log: Buffer, { frames, pageBytes, salts }: LogIndex): boolean {
  const view = viewOf(log);
  const sumsLittleEndian = (view.getUint32(0) & 1) === 0;
  let sum = checksum([0, 0], log.subarray(0, 24), sumsLittleEndian);
  if (!isSum(sum, view, 24) || !log.subarray(16, 24).equals(salts)) return false;
  for (let frame = 0; frame < frames; frame++) {
    const at = logHeaderBytes + frame * (frameHeaderBytes + pageBytes);
    const page = at + frameHeaderBytes;
    sum = checksum(sum, log.subarray(at, at + 8), sumsLittleEndian);
    sum = checksum(sum, log.subarray(page, page + pageBytes), sumsLittleEndian);
    if (!isSum(sum, view, at + 16) || !log.subarray(at + 8, page - 8).equals(salts)) return false;
  }
  return true;
}

type Sum = readonly [number, number];

/** The checksum of log and index, continued over `bytes`. */
function checksum([first, second]: Sum, bytes: Buffer, isLittle: boolean): Sum {
  const view = viewOf(bytes);
  let [one, two] = [first, second];
  for (let at = 0; at < bytes.length; at += 8) {
    one = (one + view.getUint32(at, isLittle) + two) >>> 0;
    two = (two + view.getUint32(at + 4, isLittle) + one) >>> 0;
  }
  return [one, two];
}

function isSum([one, two]: Sum, view: DataView, at: number, isLittle = false): boolean {
  return view.getUint32(at, isLittle) === one && view.getUint32(at + 4, isLittle) === two;
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
