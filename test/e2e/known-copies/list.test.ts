import { expect, test } from "vitest";
import { manage } from "../../support/stack/ledger-blobs.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* GET /copies on the running app. */

const film = Buffer.alloc(1_000_000, "film");

async function startOne(stack: TestStack, name: string, options: object = {}) {
  const source = await stack.upload(`inbox/${name}`, film);
  const destination = stack.blob(`archive/${name}`).url;
  await stack.clock.advance(1_000);
  return await stack.start({ source: source.url, destination, options });
}

const list = async (stack: TestStack, query = "") => {
  const response = await stack.call("GET", `/copies${query}`);
  expect(response.status, response.text).toBe(200);
  return response.json;
};

/** The ids of every page. */
async function idsOf(stack: TestStack, query: string): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor = ""; ;) {
    const page = await list(stack, `?${query}${cursor}`);
    ids.push(...page.items.map(({ id }: { id: string }) => id));
    if (page.nextCursor === null) return ids;
    cursor = `&cursor=${page.nextCursor}`;
  }
}

test("the newest copy comes first: a running one with its progress, an ended one with cause and bytes", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 10_000 } });
  expect(await list(stack)).toEqual({ items: [], nextCursor: null });
  const succeeded = await startOne(stack, "one.mp4");
  await stack.untilEnded(succeeded.id);
  const failed = await startOne(stack, "one.mp4");
  await stack.untilEnded(failed.id);
  const running = await startOne(stack, "two.mp4");
  await stack.clock.advance(50_000);
  const { items } = await list(stack);
  const copies = await Promise.all([running, failed, succeeded].map(({ id }) => stack.get(id)));
  expect(items).toEqual(
    copies.map(({ id, status, source, destination, createdAt, completedAt, links }, index) => ({
      id,
      status,
      source,
      destination,
      createdAt,
      completedAt,
      links,
      cause: index === 1 ? "destination-exists" : null,
      bytes: [copies[0].progress.bytesCopied, null, 1_000_000][index],
      progress: index === 0 ? copies[0].progress : null,
    })),
  );
  expect(copies[0].progress.bytesCopied).toBeGreaterThan(0);
});

test("filters select by status and by the prefixes of both URLs", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 10_000 } });
  const one = await startOne(stack, "films/one.mp4");
  await stack.untilEnded(one.id);
  const two = await startOne(stack, "films/one.mp4");
  await stack.untilEnded(two.id);
  const three = await startOne(stack, "music/three.mp3");
  const at = (path: string) => encodeURIComponent(stack.blob(path).url);
  expect(await idsOf(stack, "")).toEqual([three.id, two.id, one.id]);
  expect(await idsOf(stack, "status=running")).toEqual([three.id]);
  expect(await idsOf(stack, "status=failed")).toEqual([two.id]);
  expect(await idsOf(stack, "status=skipped")).toEqual([]);
  expect(await idsOf(stack, `source=${at("inbox/films/")}`)).toEqual([two.id, one.id]);
  expect(await idsOf(stack, `source=${at("inbox/fi")}`)).toEqual([two.id, one.id]);
  expect(await idsOf(stack, `destination=${at("archive/music/three.mp3")}`)).toEqual([three.id]);
  expect(await idsOf(stack, `destination=${at("inbox/")}`)).toEqual([]);
  const both = `status=succeeded&source=${at("inbox/films/")}&destination=${at("archive/")}`;
  expect(await idsOf(stack, both)).toEqual([one.id]);
});

test("pages are stable while copies start and end: no copy is listed twice or left out", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 10_000 } });
  const started: string[] = [];
  for (let each = 0; each < 7; each++) started.push((await startOne(stack, `${each}.mp4`)).id);
  const seen: string[] = [];
  for (let cursor = "", page = 0; ; page++) {
    const { items, nextCursor } = await list(stack, `?limit=2${cursor}`);
    seen.push(...items.map(({ id }: { id: string }) => id));
    await startOne(stack, `new-${page}.mp4`);
    await stack.clock.advance(30_000);
    if (nextCursor === null) break;
    cursor = `&cursor=${nextCursor}`;
  }
  expect(seen).toEqual(started.toReversed());
});

test("a cursor still works when the copy at which its page ended was deleted", async () => {
  const stack = await startStack({ copies: { finishOnStart: "always" } });
  const started: string[] = [];
  for (let each = 0; each < 4; each++) started.push((await startOne(stack, `${each}.mp4`)).id);
  const { items, nextCursor } = await list(stack, "?limit=2");
  expect((await stack.call("DELETE", `/copies/${items[1].id}`)).status).toBe(204);
  expect(await idsOf(stack, `cursor=${nextCursor}`)).toEqual([started[1], started[0]]);
});

test("invalid parameters return 400 with every problem; HEAD has no body", async () => {
  const stack = await startStack();
  const wrong = await stack.call("GET", "/copies?limit=0&status=x&page=1");
  expect(wrong).toMatchObject({
    status: 400,
    json: { type: "urn:ferry:problem:invalid-request", errors: expect.any(Array) },
  });
  expect(wrong.json.errors).toHaveLength(3);
  const head = await stack.call("HEAD", "/copies");
  expect([head.status, head.text]).toEqual([200, ""]);
  expect(head.headers.get("cache-control")).toBe("no-store");
});

test("a copy that was terminated while it waited is in the list of failed copies only", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 1 } });
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4").url;
  const { id: first } = await stack.start({ source: source.url, destination });
  const options = { ifBusy: "wait", overwrite: "always" };
  await stack.clock.advance(1_000);
  const { id } = await stack.start({ source: source.url, destination, options });
  await manage(stack, id, "terminate");
  await stack.clock.settled();
  expect(await stack.get(id)).toMatchObject({ status: "failed" });
  expect(await idsOf(stack, "status=failed")).toEqual([id]);
  expect(await idsOf(stack, "status=failed&limit=1")).toEqual([id]);
  expect(await idsOf(stack, "status=running")).toEqual([first]);
  for (const status of ["succeeded", "skipped", "aborted"]) {
    expect(await idsOf(stack, `status=${status}`)).toEqual([]);
  }
  expect(await idsOf(stack, "limit=1")).toEqual([id, first]);
});
