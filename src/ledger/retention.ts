import type { ConditionalBlobs } from "./conditional-blobs.ts";
import { dayFolder, dayOfFolder, instanceOf, recordName } from "./instance-id.ts";
import type { Claim, Retention } from "./ledger.ts";
import { readColumn } from "./columns.ts";
import { createScanPosition } from "./scan-position.ts";
import { isClaim, isRecord } from "./stored-shapes.ts";

const maxFolders = 5_000;

/**
 * Creates the retention. The names of records begin with their day, so a listing with a delimiter finds the old days,
 * and the columns of a listing show which of their copies have ended. It reads only records that are due.
 */
export function createBlobRetention(blobs: ConditionalBlobs): Retention {
  const position = createScanPosition(blobs, "purge/position");
  const readClaim: Retention["readClaim"] = async (name) =>
    (await blobs.read<Claim>(claimBlob(name), isClaim))?.content ?? null;
  return {
    async listDays({ day }) {
      const days: string[] = [];
      let marker: string | null = null;
      do {
        const page = await blobs.listFolders("records/", { marker, limit: maxFolders });
        days.push(...page.names.map(dayOfFolder));
        ({ marker } = page);
      } while (marker !== null);
      return days.filter((each) => each < day).toSorted();
    },
    async listRecords(day, from) {
      const page = await blobs.list(dayFolder(day), from);
      const records = page.blobs.map(({ name, metadata }) => ({
        instanceId: instanceOf(name),
        completedAt: readColumn(metadata, "completedAt"),
      }));
      return { records, marker: page.marker };
    },
    async purgeCopy(instanceId) {
      const name = recordName(instanceId);
      const claim = (await blobs.read<{ claim?: string }>(name, isRecord))?.content.claim;
      // A claim that outlives its record is found by the scan; a record without its claim could start a copy again.
      if (claim !== undefined && (await readClaim(claim))?.instanceId === instanceId) {
        await blobs.remove(claimBlob(claim));
      }
      await blobs.remove(name);
    },
    async listClaims(from) {
      const page = await blobs.list("claims/", from);
      const claims = page.blobs.map(({ name, changedAt }) => ({
        name: name.slice("claims/".length),
        madeAt: changedAt,
      }));
      return { claims, marker: page.marker };
    },
    readClaim,
    async purgeClaim(name) {
      await blobs.remove(claimBlob(name));
    },
    readPosition: position.read,
    writePosition: position.write,
  };
}

export function claimBlob(name: string): string {
  return `claims/${name}`;
}
