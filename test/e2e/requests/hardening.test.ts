import { expect, test } from "vitest";
import { hour, startStack, rareTimers } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(1_000_000, "film");
const slowly = { copies: { bytesPerSecond: 10_000 } };
const busy = { response: { status: 503, code: "ServerBusy" } };

async function request(stack: TestStack, to = "archive/film.mp4") {
  const source = await stack.upload("inbox/film.mp4", film);
  return { source: source.url, destination: stack.blob(to).url };
}

test.each([
  "ferry-ledger/index",
  "azure-webjobs-secrets/a",
  "ferry-leases/a",
  "scm-releases/a.zip",
  "function-releases/a.zip",
  "$logs/a",
])("the app's own state can be neither source nor destination: %s", async (place) => {
  const stack = await startStack(slowly);
  const { source, destination } = await request(stack);
  const own = stack.blob(place).url;
  for (const body of [
    { source: own, destination },
    { source, destination: own },
  ]) {
    const response = await stack.call("POST", "/copies", { body });
    expect(response.status).toBe(403);
    expect(response.json.detail).toContain("keep their state there");
  }
});

test("the lease id that a copy holds on its source is public, but does not let a caller write to the source", async () => {
  const stack = await startStack(slowly);
  const { source, destination } = await request(stack);
  const { id } = await stack.start({ source, destination, options: { sourceLease: "hold" } });
  const other = (await stack.upload("inbox/other.mp4", "other")).url;
  const over = (destinationLease: string) => ({
    source: other,
    destination: source,
    options: { overwrite: "always", destinationLease },
  });
  const never = "01a1fb88-0c5b-77ed-8af1-403e51b453cb";
  const ask = (lease: string) => stack.call("POST", "/copies", { body: over(lease) });
  const running = await ask(id);
  expect(running).toMatchObject({
    status: 400,
    json: { errors: [{ pointer: "/options/destinationLease" }] },
  });
  // The response is the same whether or not a copy with this id exists or has ended, so it shows no other caller's
  // copy.
  for (const lease of [id.toUpperCase(), never]) {
    expect(await ask(lease)).toMatchObject({ status: 400, json: running.json });
  }
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect(await ask(id)).toMatchObject({ status: 400, json: running.json });
  // Storage refuses any other missing lease.
  const late = await stack.start(over("5e1a9a36-22dc-4cbb-a3b2-1e4e3bd4a9f1"));
  expect(await stack.untilEnded(late.id)).toMatchObject({ error: { cause: "destination-leased" } });
});

test("a copy that stalls shortly before its end is polled rarely, and reports the stall", async () => {
  const stack = await startStack({ ...slowly, persistent: true });
  const { id } = await stack.start(await request(stack));
  await stack.clock.advance(98_000);
  stack.local.emulator.copies.stall({ container: "archive", blob: "film.mp4" });
  await stack.clock.advance(24 * hour);
  const copy = await stack.get(id);
  expect(copy.status).toBe("copying");
  expect(copy.warning).toMatch(/copied nothing since 2026-/);
  expect(copy.statusReads).toBeLessThan(50);
});

test("deleting the destination container fails the copy", async () => {
  const stack = await startStack(slowly);
  const { id } = await stack.start(await request(stack, "doomed/film.mp4"));
  expect((await stack.untilEnded(id, 0)).error.cause).toBe("destination-not-found");
  await stack.upload("doomed/other", "x");
  const again = await stack.start(await request(stack, "doomed/film.mp4"));
  await stack.clock.advance(10_000);
  await fetch(stack.blob("doomed/x").url); // anonymous: changes nothing
  await stack.deleteContainer("doomed");
  const copy = await stack.untilEnded(again.id);
  expect(copy).toMatchObject({ status: "failed", error: { cause: "destination-not-found" } });
});

/** A copy whose destination SAS expires twenty seconds after its start. */
async function startWithExpiringSas(stack: TestStack, options = {}) {
  const { source } = await request(stack);
  const expiresAt = stack.clock.now() + 20_000;
  const destination = await stack.readSas(stack.blob("archive/film.mp4"), {
    permissions: "racwd",
    expiresAt,
  });
  const own = await stack.readSas(stack.blob("inbox/film.mp4"));
  return { ...(await stack.start({ source: own, destination, options })), source, expiresAt };
}

test("a destination SAS that expires during the copy fails the copy soon, and releases the destination", async () => {
  const stack = await startStack(slowly);
  const { id, source, expiresAt } = await startWithExpiringSas(stack);
  await stack.clock.advance(15_000);
  expect(await stack.get(id)).toMatchObject({ status: "copying" });
  const copy = await stack.untilEnded(id);
  expect(copy).toMatchObject({
    status: "failed",
    error: { cause: "destination-unauthorized", storage: { status: 403 } },
    residue: [expect.stringContaining("could not be read")],
  });
  expect(copy.error.message).toContain("may have succeeded");
  expect(copy.error.message).toContain("the SAS has expired");
  expect(copy.error.fix).toContain("two weeks");
  expect(Date.parse(copy.completedAt)).toBeLessThan(expiresAt + 60_000);

  // Storage continued the copy; Ferry no longer controls the destination.
  await stack.clock.advance(200_000);
  expect((await stack.blob("archive/film.mp4").getProperties()).copyStatus).toBe("success");
  const next = await stack.start({
    source,
    destination: stack.blob("archive/film.mp4").url,
    options: { overwrite: "always" },
  });
  expect(await stack.untilEnded(next.id)).toMatchObject({ status: "succeeded" });
});

test("an abort after the destination SAS expired does not report `aborted`", async () => {
  const stack = await startStack(slowly);
  const { id, expiresAt } = await startWithExpiringSas(stack);
  const { faults, requests } = stack.local.emulator;
  // No poll in between: the abort is the first call that uses the expired SAS.
  await stack.clock.advance(10_000);
  const blind = faults.add({ operation: "GetBlobProperties", do: busy });
  await stack.clock.advance(expiresAt - stack.clock.now() + 1_000);
  await stack.call("POST", `/copies/${id}/abort`);
  blind();
  const copy = await stack.untilEnded(id);
  expect(copy).toMatchObject({
    status: "failed",
    abortRequested: true,
    error: { cause: "destination-unauthorized" },
  });
  const aborts = requests.filter(({ operation }) => operation === "AbortCopyBlob");
  expect(aborts.map(({ status }) => status)).toContain(403);
});

test("a destination that can no longer be read is polled until Storage's two weeks are over", async () => {
  const stack = await startStack({ ...slowly, persistent: true, environment: rareTimers });
  const { id } = await stack.start(await request(stack));
  await stack.clock.advance(10_000);
  stack.local.emulator.faults.add({
    match: ({ target }) => target.includes("archive/film.mp4"),
    do: { response: { status: 403, code: "AuthorizationFailure" } },
  });
  await stack.clock.advance(10 * 24 * hour);
  expect(await stack.get(id)).toMatchObject({ status: "copying" });
  const copy = await stack.untilEnded(id, 10 * 24);
  expect(copy).toMatchObject({ status: "failed", error: { cause: "destination-unauthorized" } });
  expect(copy.error.message).toContain("may have succeeded");
  expect(copy.residue).toEqual([expect.stringContaining("could not be read")]);
  expect(stack.countHistoryEvents()).toBeLessThan(1_000);
});

test("a thousand aborts add at most one history event each, until the first one is processed", async () => {
  const stack = await startStack({ ...slowly, persistent: true });
  const { id } = await stack.start(await request(stack));
  stack.local.emulator.faults.add({ operation: "AbortCopyBlob", do: busy });
  await stack.clock.advance(5_000);
  for (let calls = 0; calls < 300; calls++) await stack.call("POST", `/copies/${id}/abort`);
  expect(await stack.get(id)).toMatchObject({ abortRequested: true });
  expect(stack.countHistoryEvents()).toBeLessThan(100);
});

test("residue is reported when clean-up fails for hours, and the destination is released", async () => {
  const stack = await startStack(slowly);
  const { id } = await stack.start(await request(stack));
  await stack.clock.advance(5_000);
  const remove = stack.local.emulator.faults.add({
    operation: "DeleteBlob",
    match: ({ target }) => target.includes("/archive/"),
    do: busy,
  });
  await stack.call("POST", `/copies/${id}/abort`);
  const copy = await stack.untilEnded(id, 48);
  expect(copy).toMatchObject({ status: "aborted" });
  expect(copy.residue.join()).toMatch(/clean up the destination.*503 ServerBusy/);
  remove();
  const options = { overwrite: "always" };
  const again = await stack.start({ ...(await request(stack)), options });
  expect(await stack.untilEnded(again.id)).toMatchObject({ status: "succeeded" });
});

test("an abort before the start was sent does not affect another writer's copy of the same source", async () => {
  const stack = await startStack(slowly);
  const body = await request(stack);
  // The ledger fails from the moment the start is registered.
  const remove = stack.local.emulator.faults.add({
    operation: "PutBlob",
    match: ({ target }) => target.includes("/records/"),
    do: busy,
  });
  const { id } = await stack.start(body);
  await stack.clock.advance(1_000);
  expect(await stack.get(id)).toMatchObject({ status: "queued" });
  await stack.blob("archive/film.mp4").beginCopyFromURL(body.source);
  remove();
  await stack.call("POST", `/copies/${id}/abort`);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted", copyId: null });
  await stack.clock.advance(200_000);
  expect((await stack.blob("archive/film.mp4").downloadToBuffer()).equals(film)).toBe(true);
});

test("a SAS after an encoded question mark is rejected, and its secret is not repeated", async () => {
  const stack = await startStack(slowly);
  const { destination } = await request(stack);
  const source = (await stack.readSas(stack.blob("inbox/film.mp4"))).replace("?", "%3F");
  const response = await stack.call("POST", "/copies", { body: { source, destination } });
  expect(response.status).toBe(400);
  expect(response.text).not.toContain(new URL(source.replace("%3F", "?")).searchParams.get("sig"));
});

test("a source whose URL is too long once encoded is rejected when the request is read", async () => {
  const stack = await startStack(slowly);
  const { destination } = await request(stack);
  const source = `${stack.local.emulator.blobUrl}/devstoreaccount1/inbox/${"文".repeat(900)}`;
  const response = await stack.call("POST", "/copies", { body: { source, destination } });
  expect(response.status).toBe(400);
  expect(response.json.errors[0].message).toContain("when it is encoded");
});

test.each([
  { what: "two names that differ by case", raw: '{"A":"1","a":"2"}', pointer: "/options/metadata" },
  { what: "__proto__", raw: '{"__proto__":"x","a":"b"}', pointer: "/options/metadata/__proto__" },
  { what: "nothing", raw: "{}", pointer: "/options/metadata" },
  { what: "an empty value", raw: '{"a":""}', pointer: "/options/metadata/a" },
])(
  "metadata with $what is rejected, because Storage would store something else",
  async ({ raw, pointer }) => {
    const stack = await startStack(slowly);
    const { source, destination } = await request(stack);
    const body = `{"source":"${source}","destination":"${destination}","options":{"metadata":${raw}}}`;
    const response = await stack.call("POST", "/copies", { raw: body });
    expect(response.status).toBe(400);
    expect(response.json.errors).toEqual([{ pointer, message: expect.any(String) }]);
  },
);

test("the principal header separates callers only if App Service authentication sets it", async () => {
  for (const [WEBSITE_AUTH_ENABLED, expected] of [
    ["True", 2],
    ["", 1],
  ] as const) {
    const stack = await startStack({ ...slowly, environment: { WEBSITE_AUTH_ENABLED } });
    const body = await request(stack);
    const options = { overwrite: "always" };
    const ids = new Set<string>();
    for (const caller of ["anna", "ben"]) {
      const headers = { "idempotency-key": "k", "x-ms-client-principal-id": caller };
      const response = await stack.call("POST", "/copies", { body: { ...body, options }, headers });
      ids.add(response.json.id);
    }
    expect(ids.size).toBe(expected);
    await stack.close();
  }
});
