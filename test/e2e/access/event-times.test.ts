import { expect, test } from "vitest";
import { epochMs } from "../../../src/copy/time.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { eventOwner } from "../../../src/copy/contract/activities.ts";
import { optionsOff } from "../../../src/copy/request/copy-options.ts";
import {
  inputFor,
  json,
  refused,
  startStrange,
  startStrangeStack,
} from "../../support/access/strange.ts";

/*
 * Goal: a destination with a date gets only the real date of its source's event. Method: a client with the task hub's
 * key or the master key invents the time of the event, or the copy for which Ferry has waited.
 */

const hour = 3_600_000;
const day = 24 * hour;
const source = { container: "inbox", blob: "film.mp4" };

/** A stack with a copy onto the source, which stays pending until the test finishes it. */
async function startWithPendingSource() {
  const stack = await startStrangeStack({ bytesPerSecond: 1 });
  await stack.container("dated").create();
  const blob = stack.blob("inbox/film.mp4");
  await blob.beginCopyFromURL(stack.blob("secret/film.mp4").url);
  stack.local.emulator.copies.stall(source);
  const { etag = "", lastModified, copyId = "" } = await blob.getProperties();
  if (lastModified === undefined) throw new Error("Cannot read the time of the source");
  /** The input for the route "dated", with an event of this time. */
  const dated = (at: Date, event: object = {}) => {
    const input = inputFor(stack);
    const path = `${at.toISOString().slice(0, 4)}/film.mp4`;
    const known = { route: "dated", etag: etag.replaceAll('"', ""), at: at.toISOString() };
    const destination = { ...input.destination, container: "dated", path };
    return { ...input, destination, event: { ...known, ...event }, owner: eventOwner };
  };
  const hasCopied = async () => {
    for await (const _ of stack.container("dated").listBlobsFlat()) return true;
    return false;
  };
  const finish = () => stack.local.emulator.copies.finish(source);
  return { stack, dated, hasCopied, finish, lastModified, copyId };
}

test("while a copy onto the source is pending, an event whose time is not that of its start is denied", async () => {
  const { stack, dated, hasCopied, finish, lastModified } = await startWithPendingSource();
  const input = dated(new Date(lastModified.getTime() - 13 * day));
  expect(await startStrange(stack, input)).toMatchObject(refused);
  finish();
  await stack.clock.advance(hour);
  expect(await hasCopied()).toBe(false);
});

test("the event of the start of a copy onto the source, checked while that copy is pending, causes its copy after the end", async () => {
  const { stack, dated, hasCopied, finish, lastModified } = await startWithPendingSource();
  expect(await startStrange(stack, dated(lastModified))).toMatchObject({
    runtimeStatus: "Running",
  });
  await stack.clock.advance(2 * hour);
  finish();
  await stack.clock.advance(hour);
  expect(await hasCopied()).toBe(true);
});

test("a copy is skipped if another copy onto its source follows the one that it waits for", async () => {
  const { stack, dated, hasCopied, finish, lastModified } = await startWithPendingSource();
  await startStrange(stack, dated(lastModified));
  finish();
  await stack.blob("inbox/film.mp4").beginCopyFromURL(stack.blob("secret/film.mp4").url);
  await stack.clock.advance(hour);
  expect(await hasCopied()).toBe(false);
});

test("run directly through the admin API, startCopy does not trust the copyId of a copy that it has waited for", async () => {
  const { stack, dated, hasCopied, finish, lastModified, copyId } = await startWithPendingSource();
  finish();
  const at = new Date(lastModified.getTime() - 13 * day);
  const now = stack.clock.now();
  const copy = {
    ...dated(at, { etag: "0xFORGED" }),
    createdAt: new Date(now).toISOString(),
    options: { ...optionsOff, overwrite: "always", ifBusy: "wait" },
    mayWait: true,
  };
  const instanceId = newInstanceId(epochMs(now));
  for (const attempt of [1, 2]) {
    const step = { instanceId, copy, attempt, kept: null, awaitedCopyId: copyId };
    const response = await fetch(`${stack.local.host.url}/admin/functions/startCopy`, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ input: JSON.stringify(step) }),
    });
    expect(response.status).toBe(202);
    await stack.clock.settled();
  }
  expect(await hasCopied()).toBe(false);
});
