import { addContent, findBlocks, createBlock, type Block } from "./content-blocks.ts";
import type { Store } from "./store.ts";

/** The bytes from `start` (inclusive) to `end` (exclusive). */
export type Range = { start: number; end: number };

/** Unwritten bytes, which read as zeros. */
export function zeroBlocks(length: number): Block[] {
  return length === 0 ? [] : [{ name: null, piece: null, start: 0, length }];
}

/** The blocks of a range. The first and the last are cut to fit. */
export function sliceBlocks(blocks: readonly Block[], range: Range): Block[] {
  const kept: Block[] = [];
  let offset = 0;
  for (const block of blocks) {
    const from = Math.max(range.start - offset, 0);
    const to = Math.min(range.end - offset, block.length);
    offset += block.length;
    if (from >= to) continue;
    const length = to - from;
    kept.push(
      block.piece === null ? { ...block, length } : { ...block, start: block.start + from, length },
    );
  }
  return kept;
}

/** Returns a new content with `bytes` in the range, or with zeros if `bytes` is null. */
export function overwriteRange(
  store: Store,
  { content, length }: { content: number | null; length: number },
  { range, bytes }: { range: Range; bytes: Buffer | null },
): number | null {
  const blocks = findBlocks(store, content);
  return addContent(store, [
    ...sliceBlocks(blocks, { start: 0, end: range.start }),
    ...(bytes === null ? zeroBlocks(range.end - range.start) : [createBlock(store, bytes)]),
    ...sliceBlocks(blocks, { start: range.end, end: length }),
  ]);
}

/** Returns the content cut to the new length, or extended with zeros. */
export function resizeContent(
  store: Store,
  { content, length }: { content: number | null; length: number },
  to: number,
): number | null {
  if (to === length) return content;
  const blocks = findBlocks(store, content);
  return addContent(store, [
    ...sliceBlocks(blocks, { start: 0, end: to }),
    ...zeroBlocks(Math.max(0, to - length)),
  ]);
}
