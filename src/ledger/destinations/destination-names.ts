import { lockIdentityOf } from "../../copy/location/endpoint.ts";
import type { Destination } from "../../copy/location/endpoint.ts";
import { hash } from "../hash.ts";

/** A destination, or the name of its lock. */
export type Place = { destination: Destination } | { lock: string };

/** The name of the blob of a destination's lock. */
export function lockName(destination: Destination): string {
  return `locks/${hash(lockIdentityOf(destination))}`;
}

/** The folder of a destination's waiters and its wake mark. It has the hash of the lock. */
export function folderOf(place: Place): string {
  const lock = "lock" in place ? place.lock : lockName(place.destination);
  return `destinations/${lock.slice("locks/".length)}/`;
}

/** The name of the lock of a destination's folder. */
export function lockOfFolder(folder: string): string {
  return `locks/${folder.split("/")[1] ?? ""}`;
}
