const second = 1_000;
/** The pause between two reads of the list. It doubles while nothing changes. */
const minListMs = 10 * second;
const maxListMs = 60 * second;
/** The pause between two reads of one item. */
const minItemMs = 2 * second;
const maxItemMs = 60 * second;
const maxAtOnce = 4;

/** The schedule of the reads of one list and of single items. */
export type Pacing = {
  /** Reads the list soon, for example after a change. */
  hurry(): void;
  /** Reads the list if it is due. */
  readList(): void;
  /** Reads those of these items that are due. */
  readItems(ids: Iterable<string>): void;
};

export type PacedReads = {
  /** Epoch ms. */
  now(): number;
  /** Reads the list. Returns whether it has changed. */
  list(): Promise<boolean>;
  item(id: string): Promise<void>;
  /** The seconds that the last response with this item asked to wait, or null. */
  retryAfter(id: string): number | null;
};

export function createPacing({ now, list, item, retryAfter }: PacedReads): Pacing {
  let listMs = minListMs;
  /** Infinite while the list is read. */
  let listAt = now();
  let isHurried = false;
  const dueAt = new Map<string, number>();
  const reading = new Set<string>();

  async function readList(): Promise<void> {
    listAt = Number.POSITIVE_INFINITY;
    isHurried = false;
    try {
      const isChanged = await list();
      listMs = isChanged ? minListMs : Math.min(maxListMs, listMs * 2);
    } catch {
      listMs = Math.min(maxListMs, listMs * 2); // the connection shows the error
    }
    listAt = isHurried ? now() : now() + listMs;
  }

  async function readItem(id: string): Promise<void> {
    reading.add(id);
    try {
      await item(id);
    } finally {
      reading.delete(id);
      const wait = (retryAfter(id) ?? 10) * second;
      dueAt.set(id, now() + Math.min(maxItemMs, Math.max(minItemMs, wait)));
    }
  }

  return {
    hurry() {
      listMs = minListMs;
      if (listAt === Number.POSITIVE_INFINITY) isHurried = true;
      else listAt = now();
    },
    readList() {
      if (now() >= listAt) void readList();
    },
    readItems(ids) {
      for (const id of ids) {
        const due = dueAt.get(id);
        // The list has just been read with the item's progress.
        if (due === undefined) dueAt.set(id, now() + minItemMs);
        else if (now() >= due && reading.size < maxAtOnce && !reading.has(id)) void readItem(id);
      }
    },
  };
}
