import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventTypes } from "../../../src/local/durable/history/history.ts";
import type { ReceivedRequest } from "../../../src/local/storage/server/storage-server.ts";
import { openStack, rareTimers } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";
import { inboxRoutes } from "../../support/stack/events.ts";

/*
 * Goal: a copy costs no more than the table in the ledger's README allows, counted on the wire. The README also
 * contains the measured numbers: `vitest -u` writes them, and a changed number fails here.
 */

const page = "src/ledger/README.md";
const region = /(?<=<!-- price -->\n)[^]*?(?=<!-- end -->)/;

type Options = NonNullable<Parameters<typeof openStack>[0]>;
type Case = { options?: Options; play(stack: TestStack): Promise<unknown> };

const immediately = { copies: { finishOnStart: "always" } } as const;
const slowly = { copies: { bytesPerSecond: 50_000 } } as const;
/** It has a key, so no token is requested. */
const topic = {
  COPY_NOTICE_TOPIC: "http://127.0.0.1:10000/devstoreaccount1/topic",
  COPY_NOTICE_TOPIC_KEY: "key",
};
/** The watchdog runs every hour. */
const withoutTimers = 50 * 60_000;
const destination = { container: "archive", blob: "film.mp4" };

/** By the first column of the table. Each case runs one copy, without calls that only read its status. */
const cases: Record<string, Case> = {
  "blob → blob, completed by the start": { options: immediately, play: (stack) => post(stack) },
  "the same, with an Idempotency-Key": {
    options: immediately,
    play: (stack) => post(stack, {}, { "idempotency-key": "order-1" }),
  },
  "the same, by an event": {
    options: { ...immediately, settings: inboxRoutes(), events: {} },
    play: async (stack) => {
      await stack.upload("inbox/film.mp4", film);
      await stack.clock.advance(10_000);
    },
  },
  "pending, R reads of its properties": {
    options: slowly,
    play: async (stack) => {
      await post(stack);
      await stack.clock.advance(withoutTimers);
    },
  },
  "of at most 4 MiB, pending for a moment": {
    options: { copies: { bytesPerSecond: Infinity } },
    play: (stack) => post(stack, {}, {}, Buffer.from("film")),
  },
  "of at most 4 MiB, pending, R further reads": {
    options: { copies: { bytesPerSecond: 1 } },
    play: async (stack) => {
      await post(stack, {}, {}, Buffer.alloc(100, "film"));
      await stack.clock.advance(withoutTimers);
    },
  },
  "fails because the destination exists": {
    play: async (stack) => {
      await stack.upload("archive/film.mp4", "former");
      return post(stack, { overwrite: "fail" });
    },
  },
  "skipped because the destination exists": {
    play: async (stack) => {
      await stack.upload("archive/film.mp4", "former");
      return post(stack, { overwrite: "skip" });
    },
  },
  "failed while pending": {
    options: slowly,
    play: async (stack) => {
      await post(stack);
      await stack.clock.advance(10_000);
      stack.local.emulator.copies.fail(destination);
      await stack.clock.advance(withoutTimers);
    },
  },
  "completed by the start, with rollback of the former content": {
    options: immediately,
    play: async (stack) => {
      await stack.upload("archive/film.mp4", "former");
      return post(stack, { overwrite: "always", rollback: "snapshot" });
    },
  },
  "completed by the start, with a lease on the source": {
    options: immediately,
    play: (stack) => post(stack, { sourceLease: "hold" }),
  },
  "completed by the start, with the tags of the source": {
    options: immediately,
    play: (stack) => post(stack, { tags: "source" }),
  },
  "completed by the start, with an accepted notification": {
    options: { ...immediately, settings: topic },
    play: async (stack) => {
      const match = ({ target }: { target: string }) => target.endsWith("/topic");
      const accepted = { response: { status: 200, code: "" } };
      stack.local.emulator.faults.add({ match, do: accepted });
      return post(stack);
    },
  },
  "aborted while pending": {
    options: slowly,
    play: async (stack) => {
      const id = await post(stack);
      await stack.clock.advance(10_000);
      await stack.call("POST", `/copies/${id}/abort`);
      await stack.clock.advance(60_000);
    },
  },
};

/** Longer than 4 MiB, so that the start does not read the status of its copy. */
const film = Buffer.alloc(5_000_000, "film");

/** Requests a copy, and returns its id after its first activities. */
async function post(stack: TestStack, options = {}, headers = {}, content = film): Promise<string> {
  const source = await stack.upload("inbox/film.mp4", content);
  const body = { source: source.url, destination: stack.blob("archive/film.mp4").url, options };
  const { id } = await stack.start(body, headers);
  return id;
}

/** The price of one copy. `reads` is R: the polls while the copy is pending. `deliveries` is D. */
type Price = {
  requests: number;
  writes: number;
  activities: number;
  timers: number;
  events: number;
  reads: number;
  deliveries: number;
  wire: string[];
};

async function measure({ options = {}, play }: Case): Promise<Price> {
  const environment = { ...rareTimers, ...options.environment };
  const stack = await openStack({ persistent: true, ...options, environment });
  try {
    await warmUp(stack);
    const { requests } = stack.local.emulator;
    const before = requests.length;
    await play(stack);
    await stack.clock.settled();
    const own = requests.slice(before).filter(isOfTheApp).map(describe);
    const { activities, timers, events, polls } = readHistory(stack);
    const isByEvent = options.events !== undefined;
    const deliveries = isByEvent ? countDeliveries(own) : { requests: 0, writes: 0 };
    return {
      requests: own.length - polls - deliveries.requests,
      writes: own.filter((line) => line.startsWith("write ")).length - deliveries.writes,
      activities: activities - polls,
      timers: timers - polls,
      events,
      reads: polls,
      deliveries: deliveries.requests,
      wire: own,
    };
  } finally {
    await stack.close();
  }
}

/** A first copy creates the ledger's container, and the clients open their connections. */
async function warmUp(stack: TestStack): Promise<void> {
  const source = await stack.upload("other/warm.mp4", "warm");
  const { id } = await stack.start({
    source: source.url,
    destination: stack.blob("archive/warm.mp4").url,
  });
  await stack.untilEnded(id);
  await stack.clock.advance(1_000); // so that the next copy is the last
}

/** The test's uploads are not part of the price. */
function isOfTheApp({ operation, url }: ReceivedRequest): boolean {
  if (url.includes("/ferry-ledger")) return true;
  return operation !== "PutBlob" && operation !== "CreateContainer";
}

function describe({ method, url, operation, status }: ReceivedRequest): string {
  const { pathname, searchParams } = new URL(url, "http://emulator");
  const [, ledgerPath] = pathname.split("/ferry-ledger");
  if (ledgerPath === undefined) return `${operation} ${pathname} ${status}`;
  const name = ledgerPath.replaceAll(/[0-9a-f-]{20,}/g, "…");
  if (searchParams.get("comp") === "list") return `list ${searchParams.get("prefix")}`;
  const kind = { PUT: "write", DELETE: "delete", GET: "read" }[method] ?? method;
  return `${kind} ${name} ${status}`;
}

/**
 * The requests that the deliveries of both events add: the source's properties, the destination's lock and its wake
 * mark.
 */
function countDeliveries(own: readonly string[]): { requests: number; writes: number } {
  const heads = own.filter((line) => line.includes("/inbox/") && line.startsWith("GetBlob"));
  const marks = own.filter(
    (line) => line.includes("/last-wake") || line.startsWith("read /locks/"),
  );
  const writes = marks.filter((line) => line.startsWith("write "));
  return { requests: heads.length - 1 + marks.length, writes: writes.length };
}

/** The history of the last instance; `polls`: its reads after the start. */
function readHistory({ stateDirectory }: TestStack) {
  const hub = new DatabaseSync(join(stateDirectory ?? "", "task-hub.sqlite"), { readOnly: true });
  try {
    const last = hub
      .prepare("SELECT execution_id, status FROM instances ORDER BY created_at DESC LIMIT 1")
      .get();
    expect(last?.["status"]).toBe("Completed");
    const rows = hub
      .prepare("SELECT event FROM history WHERE execution_id = ?")
      .all(String(last?.["execution_id"]));
    const events = rows.map(({ event }) => JSON.parse(String(event)));
    const ofType = (type: number) => events.filter(({ EventType }) => EventType === type);
    const scheduled = ofType(eventTypes.TaskScheduled);
    const timers = ofType(eventTypes.TimerCreated).length;
    const polls = scheduled.filter(({ Name }) => Name === "readCopy").length;
    return { activities: scheduled.length, timers, events: events.length, polls };
  } finally {
    hub.close();
  }
}

const columns = ["requests", "writes", "activities", "timers", "events"] as const;

/** A number with R or D where the count grows with it, such as "8 + R". */
function toCell(price: Price, column: (typeof columns)[number]): string {
  const letters = [
    ...(price.reads > 0 && column !== "writes" && column !== "events" ? ["R"] : []),
    ...(price.deliveries > 0 && column === "requests" ? ["D"] : []),
  ];
  const count = price[column];
  return [...(count === 0 && letters.length > 0 ? [] : [String(count)]), ...letters].join(" + ");
}

test("a copy costs no more than the ledger's README allows", async () => {
  const text = readFileSync(page, "utf8");
  const table = region.exec(text)?.[0] ?? "";
  const rows = table.trim().split("\n").slice(2).map(readCells);
  expect(rows.map(([name]) => name)).toEqual(Object.keys(cases));
  const measured: string[][] = [];
  const exceeded: string[] = [];
  for (const [name = "", ...cells] of rows) {
    const { [name]: one } = cases;
    if (one === undefined) throw new Error(`No case is named "${name}"`);
    const price = await measure(one);
    const next = columns.map((column, index) => {
      const bound = cells[index]?.split("; at most ")[1] ?? "";
      const number = toCell(price, column);
      if (bound !== "" && price[column] > Number.parseInt(/\d+/.exec(bound)?.[0] ?? "0", 10)) {
        exceeded.push(
          `${name}: ${column} ${number}, at most ${bound}\n  ${price.wire.join("\n  ")}`,
        );
      }
      return bound === "" ? number : `${number}; at most ${bound}`;
    });
    measured.push([name, ...next]);
  }
  const head = table.trim().split("\n").slice(0, 2);
  const lines = [...head, ...measured.map((cells) => `| ${cells.join(" | ")} |`)];
  console.log(measured.map((cells) => cells.join(" | ")).join("\n"));
  expect(exceeded.join("\n")).toBe("");
  await expect(pad(text.replace(region, `\n${lines.join("\n")}\n\n`))).toMatchFileSnapshot(
    `../../../${page}`,
  );
});

function readCells(line: string): string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** Aligns the table's columns as the formatter does. */
function pad(text: string): string {
  return text.replace(region, (table) => {
    const rows = table.trim().split("\n").map(readCells);
    const widths = (rows[0] ?? []).map((_, at) =>
      Math.max(...rows.filter((_row, index) => index !== 1).map((row) => row[at]?.length ?? 0)),
    );
    const lines = rows.map((row, index) =>
      row.map((cell, at) =>
        index === 1 ? "-".repeat(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
      ),
    );
    return `\n${lines.map((row) => `| ${row.join(" | ")} |`).join("\n")}\n\n`;
  });
}
