import { FerryError } from "./ferry-error.ts";

/** Reads the pages of a list one after the other, and yields their items. */
export async function* readPages<Item, Query extends object>(
  read: (
    query: Query & { cursor?: string },
  ) => Promise<{ items: Item[]; nextCursor: string | null }>,
  // Every parameter of a list is optional.
  query: Query = {} as Query,
): AsyncGenerator<Item, void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await read({ ...query, ...(cursor && { cursor }) });
    yield* page.items;
    if (page.nextCursor !== null && page.nextCursor === cursor) {
      throw new FerryError({
        kind: "foreign",
        causeName: "not-ferry",
        message: "Cannot list more because the app returned the same cursor twice",
      });
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}
