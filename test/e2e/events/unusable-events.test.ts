import { expect, test } from "vitest";
import {
  allCopies,
  createEvent,
  deliver,
  inboxRoutes,
  untilAllEnded,
} from "../../support/stack/events.ts";
import { startListener } from "../../support/servers/listener.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const long = "文".repeat(230);

/** The event of a blob of this name, whether it exists or not. */
function eventOf(stack: TestStack, name: string, container = "inbox") {
  const { url } = stack.container(container);
  const event = {
    eventType: "Microsoft.Storage.BlobCreated",
    eventTime: new Date(stack.clock.now()).toISOString(),
    subject: `/blobServices/default/containers/${container}/blobs/${name}`,
    data: { api: "PutBlob", eTag: "0x8D", url: `${url}/${name}` },
  };
  return event;
}

/** The errors in words; test/e2e/telemetry checks the structured lines. */
const errors = ({ log }: TestStack) =>
  log
    .filter(({ level, message }) => level === "error" && !message.startsWith('{"event":'))
    .map(({ message }) => message);

test.each([
  "a?sig=x",
  "a&sig=y",
  "?sig=z",
  "résumé 💎 100%.txt",
  "é".repeat(200),
  "n".repeat(1_024),
  "x//y",
  " a ",
])("a route copies a new blob named %s under its name", async (name) => {
  const stack = await startStack({ settings: inboxRoutes(), events: {} });
  await stack.upload(`inbox/${name}`, "film");
  const [copy, ...others] = await untilAllEnded(stack);
  expect(others).toEqual([]);
  expect(copy).toMatchObject({ status: "succeeded" });
  expect(String(await stack.blob(`archive/${name}`).downloadToBuffer())).toBe("film");
});

test("a name of 1,024 characters that a template makes longer is reported, not dropped", async () => {
  const topic = await startListener();
  const account = "http://127.0.0.1:10000/devstoreaccount1";
  const stack = await startStack({
    settings: {
      ...inboxRoutes({ destination: `${account}/archive/to/{path}` }),
      COPY_NOTICE_TOPIC: topic.url,
      COPY_NOTICE_TOPIC_KEY: "key",
    },
    events: {},
  });
  const name = "n".repeat(1_024);
  await stack.upload(`inbox/${name}`, "film");
  await stack.clock.advance(1_000);
  expect(await allCopies(stack)).toEqual([]);
  const [delivery, ...others] = topic.delivery;
  expect(others).toEqual([]);
  expect(JSON.parse(delivery?.body ?? "")).toMatchObject({
    specversion: "1.0",
    type: "Ferry.EventUnusable",
    subject: "routes/films",
    data: {
      blob: `${stack.container("inbox").url}/${name}`,
      route: "films",
      problem: "/destination has a blob name of more than 1,024 characters",
    },
  });
});

test("the event of a blob whose URL is too long for a source is logged with its name, and reported once", async () => {
  const topic = await startListener();
  const settings = {
    ...inboxRoutes(),
    COPY_NOTICE_TOPIC: topic.url,
    COPY_NOTICE_TOPIC_KEY: "key",
  };
  const stack = await startStack({ settings });
  const blob = await stack.upload(`inbox/${long}`, "film");
  const event = await createEvent(blob);
  for (let delivery = 0; delivery < 3; delivery++) {
    expect(await deliver(stack, [event])).toBe(202);
    await stack.clock.settled();
  }
  expect(errors(stack)).toEqual([
    expect.stringMatching(
      new RegExp(
        `^Cannot copy .*/inbox/${long} for route "films" because /source is \\d+ characters long`,
      ),
    ),
  ]);
  expect(topic.delivery).toHaveLength(1);
  expect(await allCopies(stack)).toEqual([]);
});

test.each([
  ["a\\b.txt", "a\\\\b.txt", "U+005C BACKSLASH"],
  ["a\tb\u001b[31m", "a\\u{9}b\\u{1b}[31m", "U+0009 TAB"],
  ["half \ud83d", "half \\u{d83d}", "U+D83D"],
  ["a./b", "a./b", "which Storage removes"],
  ["b.", "b.", "which Storage removes"],
  ["a/../b", "a/../b", '"." or ".."'],
  ["a/%2e%2e/b", "a/%2e%2e/b", "becomes"],
])(
  "an event for %j is logged on one line and reported with its escaped name",
  async (name, shown, why) => {
    const topic = await startListener();
    const stack = await startStack({
      settings: { ...inboxRoutes(), COPY_NOTICE_TOPIC: topic.url, COPY_NOTICE_TOPIC_KEY: "key" },
    });
    expect(await deliver(stack, [eventOf(stack, name)])).toBe(202);
    await stack.clock.settled();
    const [line = "", ...others] = errors(stack);
    expect(others).toEqual([]);
    expect(line).toContain(`/inbox/${shown} for route "films" because`);
    expect(line).toContain(why);
    expect(line).not.toMatch(/\p{Cc}|\p{Surrogate}/u);
    const { data } = JSON.parse(topic.delivery[0]?.body ?? "{}");
    expect(data).toMatchObject({ route: "films", etag: "0x8D" });
    expect(data.blob.endsWith(`/inbox/${shown}`)).toBe(true);
  },
);

test("an unusable name that no route matches is only logged; a malformed event is reported by its subject", async () => {
  const topic = await startListener();
  const stack = await startStack({
    settings: { ...inboxRoutes(), COPY_NOTICE_TOPIC: topic.url, COPY_NOTICE_TOPIC_KEY: "key" },
  });
  await deliver(stack, [eventOf(stack, "a\\b", "other")]);
  await stack.clock.settled();
  expect(errors(stack)).toEqual([expect.stringContaining("/other/a\\\\b because")]);
  expect(topic.delivery).toEqual([]);
  const { data: _, ...broken } = eventOf(stack, "film\n.mp4");
  await deliver(stack, [broken]);
  await stack.clock.settled();
  expect(JSON.parse(topic.delivery[0]?.body ?? "{}")).toMatchObject({
    subject: "events",
    data: { blob: "/blobServices/default/containers/inbox/blobs/film\\u{a}.mp4", route: null },
  });
});

test("at most ten unusable events are reported in a minute; further ones are only logged", async () => {
  const topic = await startListener();
  const stack = await startStack({
    settings: { ...inboxRoutes(), COPY_NOTICE_TOPIC: topic.url, COPY_NOTICE_TOPIC_KEY: "key" },
  });
  const send = async (name: string) => {
    expect(await deliver(stack, [eventOf(stack, name)])).toBe(202);
    await stack.clock.settled();
  };
  for (let number = 1; number <= 15; number++) await send(`${number}\\`);
  expect(topic.delivery).toHaveLength(10);
  expect(errors(stack)).toHaveLength(15);
  expect(stack.log.filter(({ message }) => message.includes("Cannot report"))).toHaveLength(5);
  await stack.clock.advance(60_000);
  await send("later\\");
  expect(topic.delivery).toHaveLength(11);
});

test("a report that its target does not accept is sent again with the event", async () => {
  const topic = await startListener();
  const stack = await startStack({
    settings: { ...inboxRoutes(), COPY_NOTICE_TOPIC: topic.url, COPY_NOTICE_TOPIC_KEY: "key" },
    events: {},
  });
  const answers = [503, null, 200];
  topic.responses = () => answers.shift() ?? null;
  await stack.upload(`inbox/${long}`, "film");
  await stack.clock.advance(600_000);
  expect(answers).toEqual([]);
  const ids = topic.delivery.map(({ body }) => JSON.parse(body).id);
  expect(ids).toHaveLength(2); // the broken connection records none
  expect(new Set(ids).size).toBe(1);
  expect(ids[0]).toMatch(/^[0-9a-f]{64}-unusable$/);
});

test("a copy of a blob whose name looks like a SAS is found again after a lost response", async () => {
  const stack = await startStack({ settings: inboxRoutes(), events: {} });
  stack.local.emulator.faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
  await stack.upload("inbox/a?sig=x&b", "film");
  const [copy, ...others] = await untilAllEnded(stack);
  expect(others).toEqual([]);
  expect(copy).toMatchObject({ status: "succeeded" });
  const starts = stack.local.emulator.requests.filter(({ operation }) => operation === "CopyBlob");
  expect(starts).toHaveLength(1);
});

test("a route with a template of 400 letters of two bytes copies an event's blob and a request's", async () => {
  const account = "http://127.0.0.1:10000/devstoreaccount1";
  const folder = "ä".repeat(400);
  const stack = await startStack({
    settings: inboxRoutes({ destination: `${account}/archive/${folder}/{path}` }),
    events: {},
  });
  const source = await stack.upload("inbox/a&sig=b", "film");
  await untilAllEnded(stack);
  expect(String(await stack.blob(`archive/${folder}/a&sig=b`).downloadToBuffer())).toBe("film");
  // A caller's name with a SAS in it is a mistake, but a route may lead to any name.
  const refused = await stack.call("POST", "/copies", {
    body: { source: source.url, route: "films" },
  });
  expect(refused.json.errors).toEqual([
    { pointer: "/source", message: expect.stringContaining("SAS in its blob name") },
  ]);
  const plain = await stack.upload("inbox/b", "film");
  const copy = await stack.start({ source: plain.url, route: "films" });
  expect(decodeURIComponent(copy.destination).endsWith(`/${folder}/b`)).toBe(true);
});
