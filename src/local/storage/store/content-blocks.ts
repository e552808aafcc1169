import type { Store } from "./store.ts";

/**
 * One block of a content: `name` is the base64 block id, or null where it has none. Its bytes are a
 * part of a piece, or zeros where a page blob has no page and a file no range.
 */
export type Block = { name: string | null; length: number } & (
  | { piece: number; start: number }
  | { piece: null; start: 0 }
);

/** Stores bytes once; blocks of any number of contents may point to them. */
export function addPiece(store: Store, bytes: Uint8Array): number {
  return store.run("INSERT INTO piece (bytes) VALUES (?)", bytes);
}

/** Bytes as a block without a name of its own. */
export function createBlock(store: Store, bytes: Uint8Array): Block {
  return { name: null, piece: addPiece(store, bytes), start: 0, length: bytes.length };
}

/** An immutable list of blocks, as one content. Returns its id, or null for nothing at all. */
export function addContent(store: Store, blocks: readonly Block[]): number | null {
  if (blocks.length === 0) return null;
  const length = blocks.reduce((sum, block) => sum + block.length, 0);
  const content = store.run("INSERT INTO content (length) VALUES (?)", length);
  for (const [position, { name, piece, start, length: blockLength }] of blocks.entries()) {
    store.run(
      "INSERT INTO block (content, position, name, piece, start, length) VALUES (?, ?, ?, ?, ?, ?)",
      content,
      position,
      name,
      piece,
      start,
      blockLength,
    );
  }
  return content;
}

export function findBlocks(store: Store, content: number | null): Block[] {
  return store.all<Block>(
    "SELECT name, piece, start, length FROM block WHERE content = ? ORDER BY position",
    content,
  );
}

/** The bytes from `start` up to, not including, `end`; only the blocks that hold some are read. */
export function readContent(
  store: Store,
  content: number | null,
  range: { start: number; end: number },
): Buffer {
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const block of findBlocks(store, content)) {
    const from = Math.max(range.start - offset, 0);
    const to = Math.min(range.end - offset, block.length);
    offset += block.length;
    if (from >= to) continue;
    if (block.piece === null) {
      parts.push(new Uint8Array(to - from));
      continue;
    }
    const row = store.one<{ bytes: Uint8Array }>(
      "SELECT substr(bytes, ?, ?) AS bytes FROM piece WHERE id = ?",
      block.start + from + 1, // SQL counts from one
      to - from,
      block.piece,
    );
    if (row !== undefined) parts.push(row.bytes);
  }
  return Buffer.concat(parts);
}
