import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { InvocationContext } from "@azure/functions";
import { expect, test } from "vitest";
import type { UnusableEvent } from "../../../src/copy/routing/storage-event.ts";
import { parseRoutes } from "../../../src/copy/routing/routes.ts";
import { epochMs } from "../../../src/copy/time.ts";
import { storageEvent } from "../../../src/triggers/events/storage-event-trigger.ts";

/*
 * Goal: the sender of unusable events chooses their text, but cannot make the process keep much memory for them, or
 * make Ferry write long texts about them.
 */

const origins = { emulator: { blob: null, file: null }, external: [] };
const account = "https://acct.blob.core.windows.net";

/** A handler whose routes find no blob; `texts` are those of its log lines. */
function startHandler({ keeps }: { keeps: boolean }) {
  const texts: string[] = [];
  const reports: UnusableEvent[] = [];
  const routes = [
    { name: "films", source: `${account}/inbox`, destination: `${account}/archive/{path}` },
  ];
  const handler = storageEvent({
    routes: parseRoutes(JSON.stringify(routes), origins).routes,
    origins,
    // An event of a blob that does not exist reaches none of these.
    ledger: Object.create(null),
    seal: Object.create(null),
    lookUpSource: async () => ({ kind: "absent" }),
    newInstanceId: () => Object.create(null),
    notifies: true,
    async report(event) {
      if (keeps) reports.push(event);
      return [];
    },
    now: () => epochMs(0),
  });
  const context = new InvocationContext({
    functionName: "storageEvents",
    logHandler: (_, ...parts) => {
      if (keeps) texts.push(parts.join(" "));
    },
  });
  return {
    texts,
    reports,
    // The event arrives as JSON.
    handle: (event: object) =>
      handler(JSON.parse(JSON.stringify(event)), Object.create(null), context),
  };
}

function createEvent(url: string, subject: string) {
  return {
    eventType: "Microsoft.Storage.BlobCreated",
    eventTime: "2026-11-20T12:00:00Z",
    subject: `/blobServices/default/containers/${subject}`,
    data: { api: "PutBlob", url, eTag: "0x1" },
  };
}

const lowSurrogates = Array.from({ length: 1_024 }, (_, at) => String.fromCharCode(0xdc00 + at));
const highSurrogates = Array.from({ length: 1_024 }, (_, at) => String.fromCharCode(0xd800 + at));
const surrogates = [...lowSurrogates, ...highSurrogates].join("");
const controls = Array.from({ length: 32 }, (_, at) => String.fromCharCode(at)).join("");

/** A text of the sender at each place of an event. `at` makes it unique. */
const places: [string, (text: string, at: number) => object][] = [
  ["the host", (text, at) => createEvent(`https://${at}${text}/c/x`, `c/blobs/x`)],
  ["the container", (text, at) => createEvent(`${account}/${at}${text}/x`, `${at}${text}/blobs/x`)],
  [
    "the name",
    (text, at) => createEvent(`${account}/inbox/${at}${text}`, `inbox/blobs/${at}${text}`),
  ],
  ["the subject", (text, at) => createEvent(`${account}/inbox/x`, `${at}${text}/blobs/x`)],
  [
    "a subject that is not one",
    (text, at) => ({ ...createEvent("", ""), subject: `${at}${text}` }),
  ],
];

const texts: [string, string][] = [
  ["surrogates", surrogates],
  ["controls", controls.repeat(40)],
  ["backslashes and dots", "\\..\\".repeat(500)],
  ["encoded dots", "%252e%252e/".repeat(180)],
  ["colons and spaces", ": @ ".repeat(600)],
  ["many parts", "a./".repeat(900)],
  ["every kind", (surrogates + controls + "\\%00.?#").slice(0, 2_200)],
];

test.each(places)(
  "Ferry describes a hostile text in %s in at most 1,000 characters",
  async (_, build) => {
    for (const [, text] of texts) {
      for (const length of [1, 100, 1_000, text.length]) {
        const { handle, reports, texts: lines } = startHandler({ keeps: true });
        await handle(build(text.slice(0, length), 1));
        for (const { problem } of reports) expect(problem.length).toBeLessThan(1_000);
        // With the blob's name, of which each of at most 2,048 characters may be escaped.
        for (const line of lines) expect(line.length).toBeLessThan(1_000 + 2_100 * 8);
      }
    }
  },
);

test(
  "ten thousand unusable events keep at most 16 MB of memory in use",
  { timeout: 300_000 },
  async () => {
    setFlagsFromString("--expose-gc");
    const collect: unknown = runInNewContext("gc");
    if (typeof collect !== "function") throw new Error("Cannot collect garbage");
    const heap = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const { handle } = startHandler({ keeps: false });
    await handle(createEvent(`${account}/inbox/a\\b`, "inbox/blobs/a\\b"));
    const before = heap();
    for (let at = 0; at < 10_000; at++) {
      const [, build] = places[at % places.length] ?? [];
      await handle(build?.(surrogates.slice(at % 1_024, 1_000 + (at % 1_024)), at) ?? {});
    }
    const after = heap();
    await handle({}); // so that the handler is not garbage before
    expect(after - before).toBeLessThan(16 * 1_024 * 1_024);
  },
);

test("two events whose names differ only in characters without an encoding are both reported", async () => {
  const { handle, reports } = startHandler({ keeps: true });
  const names = ["a\ud800", "a\ud801", "a\ufffd\\"];
  for (const name of [...names, ...names]) {
    await handle(createEvent(`${account}/inbox/${name}`, `inbox/blobs/${name}`));
  }
  expect(reports.map(({ blob }) => blob)).toEqual([
    `${account}/inbox/a\\u{d800}`,
    `${account}/inbox/a\\u{d801}`,
    `${account}/inbox/a\ufffd\\\\`,
  ]);
});
