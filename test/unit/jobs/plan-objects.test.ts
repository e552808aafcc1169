import { expect, test } from "vitest";
import { planObject } from "../../../src/jobs/decisions/plan-object.ts";
import { planObjects } from "../../../src/jobs/decisions/plan-objects.ts";
import { aListedBlob, anInput } from "../../support/jobs/records.ts";

const page = (count: number, nameOf: (at: number) => string) =>
  new Map(
    Array.from({ length: count }, (_, at) => {
      const name = nameOf(at);
      return [name, aListedBlob(`${anInput.source.prefix}${name}`)];
    }),
  );
const long = page(1_000, (at) => `${"a/".repeat(200)}%${"25".repeat(300)}${at}`);
const never = () => Promise.reject(new Error("paused"));

test("a page's objects are planned in the order of the listing, each onto the blob at its destination", async () => {
  const selected = page(3, (at) => `${9 - at}.mp4`);
  const existing = new Map([["8.mp4", aListedBlob("8.mp4", { etag: "0x9" })]]);
  const objects = await planObjects(anInput, selected, { existing, pause: never });
  expect(objects).toEqual(
    [...selected].map(([name, blob]) =>
      planObject(anInput, name, blob, existing.get(name) ?? null),
    ),
  );
  expect(objects?.map(({ name }) => name)).toEqual(["9.mp4", "8.mp4", "7.mp4"]);
});

test("the process does other work after at most 50 objects with the longest names", async () => {
  let pauses = 0;
  const pause = async () => {
    pauses++;
    return true;
  };
  const objects = await planObjects(anInput, long, { existing: new Map(), pause });
  expect(objects).toHaveLength(1_000);
  expect(pauses).toBeGreaterThanOrEqual(1_000 / 50 - 1);
});

test("short names are planned hundreds at a time", async () => {
  const selected = page(500, (at) => `film-${at}.mp4`);
  const objects = await planObjects(anInput, selected, { existing: new Map(), pause: never });
  expect(objects).toHaveLength(500);
});

test("planning stops at a pause when its time is over", async () => {
  const asked: number[] = [];
  const pause = async () => asked.push(1) < 2;
  expect(await planObjects(anInput, long, { existing: new Map(), pause })).toBeNull();
  expect(asked).toHaveLength(2);
});
