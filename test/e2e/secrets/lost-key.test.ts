import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { hour, rareTimers, secondAccount, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* Goal: a lost or removed key delays only the steps that need it, and warnings name it. */

const film = Buffer.alloc(100_000, "film");
const [lost, other] = ["a", "b"].map((fill) => Buffer.alloc(32, fill).toString("base64"));
const lostId = createHash("sha256")
  .update(`ferry key id${"a".repeat(32)}`)
  .digest("hex")
  .slice(0, 8);

const options = {
  persistent: true,
  copies: { bytesPerSecond: 1_000 },
  environment: { ...rareTimers, COPY_SECRET_KEYS: lost ?? "" },
};

/** Restarts the app with these keys, or with none; the stack restores the environment. */
async function restartWith(stack: TestStack, ...keys: (string | undefined)[]) {
  process.env["COPY_SECRET_KEYS"] = keys.join(",") || " "; // unset, the folder's key would be expected
  await stack.restart();
}

async function request(
  stack: TestStack,
  {
    withDestinationSas = false,
    ...copyOptions
  }: { withDestinationSas?: boolean; ifBusy?: string; overwrite?: string } = {},
) {
  const source = await stack.upload("inbox/film.mp4", film, secondAccount);
  const destination = stack.blob("archive/film.mp4");
  const expiresAt = stack.clock.now() + 20 * 24 * hour;
  return {
    source: await stack.readSas(source, { expiresAt }),
    destination: withDestinationSas
      ? await stack.readSas(destination, { permissions: "racwd", expiresAt })
      : destination.url,
    options: copyOptions,
  };
}

const countStarts = (stack: TestStack) =>
  stack.local.emulator.requests.filter(({ operation }) => operation === "CopyBlob").length;

test.each([
  { end: "succeeds", status: "succeeded" },
  { end: "is aborted", status: "aborted" },
  { end: "fails in Storage", status: "failed" },
])(
  "without any key, a copy with a source SAS that $end has the right outcome",
  async ({ end, status }) => {
    const stack = await startStack(options);
    const { id } = await stack.start(await request(stack));
    await stack.clock.advance(3_000);
    await restartWith(stack);
    if (status === "aborted") await stack.call("POST", `/copies/${id}/abort`);
    const place = { container: "archive", blob: "film.mp4" };
    if (status === "failed") stack.local.emulator.copies.fail(place);
    const copy = await stack.untilEnded(id);
    expect(copy, end).toMatchObject({ status, residue: [], warning: null });
    if (status === "succeeded") {
      const content = await stack.blob("archive/film.mp4").downloadToBuffer();
      expect(content.equals(film)).toBe(true);
    }
  },
);

test("a copy with a destination SAS names the missing key, is not given up, and continues when it is back", async () => {
  const stack = await startStack(options);
  const { id } = await stack.start(await request(stack, { withDestinationSas: true }));
  await stack.clock.advance(3_000);
  await restartWith(stack, other);
  await stack.clock.advance(13 * 24 * hour);
  const waiting = await stack.get(id);
  expect(waiting).toMatchObject({ status: "copying", completedAt: null });
  expect(waiting.warning).toBe(
    `Cannot open the sealed destinationSas because COPY_SECRET_KEYS does not contain its key, which has the id ${lostId}: instance ${id}. Add that key to COPY_SECRET_KEYS again. A copy that waits for it then continues; one that has failed must be requested again`,
  );
  const shown = JSON.stringify([waiting, stack.log]);
  for (const key of [lost ?? "", other ?? ""]) expect(shown).not.toContain(key);
  expect(stack.countHistoryEventsOf(id)).toBeLessThan(1_000);
  await restartWith(stack, other, lost);
  expect(await stack.untilEnded(id, 6)).toMatchObject({ status: "succeeded", warning: null });
});

test("an abort without the destination's key stays requested, and reaches Storage when the key is back", async () => {
  const stack = await startStack(options);
  const { id } = await stack.start(await request(stack, { withDestinationSas: true }));
  await stack.clock.advance(3_000);
  await restartWith(stack, other);
  const response = await stack.call("POST", `/copies/${id}/abort`);
  expect(response.status).toBe(202);
  await stack.clock.settled();
  expect((await stack.get(id)).warning).toContain(`the id ${lostId}`);
  await restartWith(stack, lost);
  expect(await stack.untilEnded(id, 6)).toMatchObject({ status: "aborted", residue: [] });
});

/** A copy that waits, with a source SAS, for a copy that Ferry did not start. */
async function waitingCopy(stack: TestStack) {
  const body = await request(stack, { ifBusy: "wait", overwrite: "always" });
  const foreign = await stack.upload("inbox/foreign", Buffer.alloc(20_000, "foreign"));
  await stack.blob("archive/film.mp4").beginCopyFromURL(foreign.url);
  const { id } = await stack.start(body);
  await restartWith(stack, other);
  await stack.clock.advance(5 * 60_000);
  return id;
}

test("a copy that has not started waits for its source's key with a warning, and starts when it is back", async () => {
  const stack = await startStack(options);
  const id = await waitingCopy(stack);
  const waiting = await stack.get(id);
  expect(waiting).toMatchObject({ status: "queued", copyId: null });
  expect(waiting.warning).toMatch(new RegExp(`sealed sourceSas .* id ${lostId}`));
  expect(countStarts(stack)).toBe(0); // since the restart
  await stack.clock.advance(6 * hour);
  await restartWith(stack, other, lost);
  expect(await stack.untilEnded(id, 2)).toMatchObject({ status: "succeeded" });
  expect(countStarts(stack)).toBe(1);
});

test("a copy that has not started fails after about nine hours without the key, with its fix, and frees the destination", async () => {
  const stack = await startStack(options);
  const id = await waitingCopy(stack);
  await stack.clock.advance(8 * hour);
  expect(await stack.get(id)).toMatchObject({ status: "queued" });
  const copy = await stack.untilEnded(id, 2);
  expect(copy).toMatchObject({ status: "failed", residue: [], error: { cause: "internal" } });
  expect(copy.error.message).toContain(`the id ${lostId}`);
  expect(copy.error.fix).toMatch(/^Add that key to COPY_SECRET_KEYS again/);
  const again = await stack.start(await request(stack, { overwrite: "always" }));
  expect(await stack.untilEnded(again.id)).toMatchObject({ status: "succeeded" });
});

test("a copy that has not started is aborted without any key", async () => {
  const stack = await startStack(options);
  const id = await waitingCopy(stack);
  await stack.call("POST", `/copies/${id}/abort`);
  await stack.clock.settled();
  expect(await stack.get(id)).toMatchObject({ status: "aborted", copyId: null, residue: [] });
});
