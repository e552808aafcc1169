import type { Store } from "./store.ts";

/**
 * One block of a content. `name` is the base64 block id, or null if it has none. The bytes are part of a
 * piece, or zeros for unwritten pages of a page blob and unwritten ranges of a file.
 */
export type Block = { name: string | null; length: number } & (
  | { piece: number; start: number }
  | { piece: null; start: 0 }
);

/** Stores bytes, which blocks of any number of contents can reference. Returns the id of the piece. */
export function addPiece(store: Store, bytes: Uint8Array): number {
  return store.run("INSERT INTO piece (bytes) VALUES (?)", bytes);
}

/** Stores bytes and returns them as a block without a name. */
export function createBlock(store: Store, bytes: Uint8Array): Block {
  return { name: null, piece: addPiece(store, bytes), start: 0, length: bytes.length };
}

/** Stores an immutable list of blocks as one content. Returns its id, or null for an empty list. */
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

/** The blocks of a content, in order. */
export function findBlocks(store: Store, content: number | null): Block[] {
  return store.all<Block>(
    "SELECT name, piece, start, length FROM block WHERE content = ? ORDER BY position",
    content,
  );
}

/** Reads the bytes from `start` (inclusive) to `end` (exclusive). Reads only the blocks that contain them. */
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
      block.start + from + 1, // substr counts from one
      to - from,
      block.piece,
    );
    if (row !== undefined) parts.push(row.bytes);
  }
  return Buffer.concat(parts);
}
