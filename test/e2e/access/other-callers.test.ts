import { expect, test } from "vitest";
import { createEvent, deliver, inboxRoutes } from "../../support/stack/events.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* Goal: a caller learns nothing about another caller's copies that it could use to read or abort them. */

const film = Buffer.alloc(1_000_000, "film");
const slowly = { copies: { bytesPerSecond: 10_000 } };
const place = (path: string) => `http://127.0.0.1:10000/devstoreaccount1/${path}`;
const pairs = ["alice-in", "bob-in"].map((from) => ({ from: place(from), to: place("shared") }));
const settings = { COPY_ALLOWED: JSON.stringify(pairs), COPY_ROUTES: "[]" };
const uuid = /[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/i;

/** Alice copies to shared/report.bin, for a hundred seconds; Bob may write there too. */
async function startAlice(stack: TestStack, headers: Record<string, string> = {}) {
  const source = await stack.upload("alice-in/secret-project-x.bin", film);
  const other = await stack.upload("bob-in/b.txt", "bob");
  await stack.container("shared").createIfNotExists();
  const destination = stack.blob("shared/report.bin").url;
  const alice = await stack.start({ source: source.url, destination }, headers);
  await stack.clock.advance(5_000);
  return { alice, bobs: { source: other.url, destination } };
}

test.each(["wait", "replace"])(
  "ifBusy %s: the warning names no other copy; the log does",
  async (ifBusy) => {
    const stack = await startStack({ ...slowly, settings });
    const { alice, bobs } = await startAlice(stack);
    const bob = await stack.start({ ...bobs, options: { overwrite: "always", ifBusy } });
    await stack.clock.advance(5_000);
    const { warning } = await stack.get(bob.id);
    expect(warning).toBe("Waiting for another Ferry copy, which writes to the destination");
    const lines = stack.log.filter(({ message }) => message.includes(alice.id));
    expect(lines.map(({ message }) => message)).toContain(
      `Copy ${bob.id} finds that copy ${alice.id} writes to its destination`,
    );
  },
);

test("ifBusy fail: the error names no other copy", async () => {
  const stack = await startStack({ ...slowly, settings });
  const { alice, bobs } = await startAlice(stack);
  const { id } = await stack.start({ ...bobs, options: { overwrite: "always" } });
  const bob = await stack.untilEnded(id, 0.01);
  expect(bob).toMatchObject({ status: "failed", error: { cause: "destination-busy" } });
  expect(JSON.stringify({ ...bob, id: "", links: "" })).not.toMatch(uuid);
  expect(await stack.untilEnded(alice.id, 1)).toMatchObject({ status: "succeeded" });
});

test("a copy that waits for days shows no other copy", async () => {
  const stack = await startStack({
    ...slowly,
    settings,
    environment: { COPY_WATCHDOG: "0 0 0 * * *" },
  });
  const { alice, bobs } = await startAlice(stack);
  stack.local.emulator.copies.stall({ container: "shared", blob: "report.bin" });
  const bob = await stack.start({ ...bobs, options: { overwrite: "always", ifBusy: "wait" } });
  await stack.clock.advance(13 * 24 * 3_600_000);
  const body = JSON.stringify({ ...(await stack.get(bob.id)), id: "", links: "" });
  expect(body).toContain("another Ferry copy");
  expect(body).not.toContain(alice.id);
});

const signedIn = (id: string, provider = "aad") => ({
  "x-ms-client-principal-id": id,
  "x-ms-client-principal-idp": provider,
});
const alicesHeaders = signedIn("11111111-aaaa");
const bobsHeaders = signedIn("22222222-bbbb");
const authenticated = {
  WEBSITE_AUTH_ENABLED: "True",
  COPY_OPERATORS: " aad/99999999-ops , aad/x ",
};

test("with trusted principals a copy belongs to its principal, and does not exist for others", async () => {
  const stack = await startStack({ ...slowly, settings, environment: authenticated });
  const { alice } = await startAlice(stack, alicesHeaders);
  const read = (headers: Record<string, string>) =>
    stack.call("GET", `/copies/${alice.id}`, { headers });
  const abort = (headers: Record<string, string>) =>
    stack.call("POST", `/copies/${alice.id}/abort`, { headers });
  const none = await stack.call("GET", "/copies/01a21ba0-496d-7000-8000-000000000000");
  const strangers = [
    bobsHeaders,
    {},
    signedIn(""),
    signedIn("11111111-aaaa", "github"),
    signedIn("11111111-aaaa", ""),
    signedIn("11111111-AAAA"),
    signedIn("99999999-ops", "github"),
    signedIn("aad/99999999-ops", ""),
    { "x-ms-client-principal-id": "aad/99999999-ops" },
    { "x-ms-client-principal-name": "alice", "x-ms-client-principal": "e30=" },
  ];
  for (const headers of strangers) {
    for (const response of [await read(headers), await abort(headers)]) {
      expect(response.status).toBe(404);
      // The same as for a copy that does not exist.
      expect(response.text).toBe(none.text);
    }
  }
  expect(await stack.get(alice.id, alicesHeaders)).toMatchObject({
    status: "copying",
    abortRequested: false,
  });
  const operator = signedIn("99999999-ops");
  expect((await read(operator)).json).toMatchObject({ id: alice.id, status: "copying" });
  expect((await abort(alicesHeaders)).status).toBe(202);
  expect(await stack.untilEnded(alice.id, 1, operator)).toMatchObject({ status: "aborted" });
  expect((await read(bobsHeaders)).status).toBe(404); // also when it has ended
});

test("with trusted principals an operator aborts another principal's copy", async () => {
  const stack = await startStack({ ...slowly, settings, environment: authenticated });
  const { alice } = await startAlice(stack, alicesHeaders);
  const headers = signedIn("99999999-ops");
  expect((await stack.call("POST", `/copies/${alice.id}/abort`, { headers })).status).toBe(202);
  expect(await stack.untilEnded(alice.id, 1, headers)).toMatchObject({ status: "aborted" });
});

test("with trusted principals, callers that have not signed in share their copies", async () => {
  const stack = await startStack({ ...slowly, settings, environment: authenticated });
  const { alice } = await startAlice(stack);
  expect(await stack.get(alice.id)).toMatchObject({ status: "copying" });
  expect((await stack.call("GET", `/copies/${alice.id}`, { headers: bobsHeaders })).status).toBe(
    404,
  );
});

test("with trusted principals, only operators can use a copy that an event caused", async () => {
  const stack = await startStack({
    ...slowly,
    settings: inboxRoutes(),
    environment: authenticated,
  });
  const blob = await stack.upload("inbox/film.mp4", film);
  expect(await deliver(stack, [await createEvent(blob)])).toBe(202);
  await stack.clock.settled();
  const started = stack.log.find(({ message }) => message.includes('for route "films"'));
  const id = uuid.exec(started?.message ?? "")?.[0] ?? "";
  const read = async (headers: Record<string, string>) =>
    (await stack.call("GET", `/copies/${id}`, { headers })).status;
  expect(await read(signedIn("99999999-ops"))).toBe(200);
  for (const headers of [alicesHeaders, {}]) expect(await read(headers)).toBe(404);
});

test("without trusted principals every caller may read and abort, with any headers", async () => {
  const stack = await startStack({ ...slowly, settings, environment: { COPY_OPERATORS: "aad/1" } });
  const { alice } = await startAlice(stack, alicesHeaders);
  expect(await stack.get(alice.id, bobsHeaders)).toMatchObject({ status: "copying" });
  const headers = bobsHeaders;
  expect((await stack.call("POST", `/copies/${alice.id}/abort`, { headers })).status).toBe(202);
});

test("with trusted principals each principal has its own space of Idempotency-Keys", async () => {
  const stack = await startStack({ ...slowly, settings, environment: authenticated });
  const { bobs } = await startAlice(stack, alicesHeaders);
  const key = { "idempotency-key": "order-1001" };
  const post = (headers: Record<string, string>) =>
    stack.call("POST", "/copies", { body: bobs, headers: { ...key, ...headers } });
  const callers = [
    alicesHeaders,
    bobsHeaders,
    signedIn("11111111-aaaa", "github"),
    {},
    // Texts that could be mistaken for another caller.
    signedIn("route films"),
    signedIn("aad/11111111-aaaa", ""),
  ];
  const ids = new Map<string, object>();
  for (const headers of callers) {
    const { status, json } = await post(headers);
    expect(status).toBe(202);
    ids.set(json.id, headers);
    expect((await post(headers)).json.id).toBe(json.id);
  }
  expect(ids.size).toBe(callers.length);
});
