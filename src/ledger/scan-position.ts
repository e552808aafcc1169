import type { ConditionalBlobs } from "./conditional-blobs.ts";
import { DamagedBlobError } from "./ledger-error.ts";
import { isPosition } from "./stored-shapes.ts";

/** Where the next run of a scan continues: the marker of a listing, or null at its beginning. */
export type ScanPosition = {
  read(): Promise<string | null>;
  write(marker: string | null): Promise<void>;
};

/** A stored shape: fields may be added, but never changed or removed. */
type Position = { marker: string | null };

/** A lost or damaged position counts as the beginning, because a scan can start over at any time. */
export function createScanPosition(blobs: ConditionalBlobs, name: string): ScanPosition {
  return {
    async read() {
      const found = await blobs.read<Position>(name, isPosition).catch((error: unknown) => {
        if (error instanceof DamagedBlobError) return null;
        throw error;
      });
      return found?.content.marker ?? null;
    },
    async write(marker) {
      const position: Position = { marker };
      if ((await blobs.create(name, position)) !== null) return;
      await blobs.remove(name);
      await blobs.create(name, position);
    },
  };
}
