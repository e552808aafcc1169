import { afterAll, beforeAll, expect, test } from "vitest";
import { openStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* Goal: no request gets a response that is much larger than the request, or that repeats what it sent. */

let stack: TestStack;
beforeAll(async () => {
  stack = await openStack({
    environment: { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") },
  });
});
afterAll(() => stack.close());

const endpoints = () => ({
  source: stack.blob("inbox/film.mp4").url,
  destination: stack.blob("archive/film.mp4").url,
});

/** An object with `count` names. */
const many = (count: number, name: (index: number) => string, value: unknown = 1) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [name(index), value]));

const maxBytes = 64 * 1_024;

test.each<[string, () => object, number]>([
  [
    "6,000 wrong metadata names",
    () => ({ options: { metadata: many(6_000, (index) => `-${index}`, "") } }),
    12_001, // each a wrong name and an empty value, and their size
  ],
  ["6,000 unknown fields", () => many(6_000, (index) => `f${index}`), 6_000],
  ["6,000 unknown options", () => ({ options: many(6_000, (index) => `f${index}`) }), 6_000],
  ["4,000 tags", () => ({ options: { tags: many(4_000, (index) => `é${index}`, 1) } }), 8_001],
  [
    "60 names of a thousand characters",
    () => many(60, (index) => `${"n".repeat(990)}${index}`),
    60,
  ],
  ["a name of 60,000 characters", () => ({ ["n".repeat(60_000)]: 1 }), 1],
  ["names that a pointer escapes", () => many(2_000, (index) => `~/~/~/~/~/~${index}`), 2_000],
  ["51 problems", () => many(51, (index) => `f${index}`), 51],
  ["50 problems", () => many(50, (index) => `f${index}`), 50],
])("%s: at most 50 problems are listed, and their number", async (_, content, count) => {
  const raw = JSON.stringify({ ...endpoints(), ...content() });
  expect(raw.length).toBeLessThan(maxBytes);
  const { status, text, json } = await stack.call("POST", "/copies", { raw });
  expect(status).toBe(400);
  const listed = Math.min(count, 50);
  expect(json.errors).toHaveLength(listed);
  expect(text.length).toBeLessThan(16 * 1_024);
  const rest = count > 50 ? ", of which the first 50 are listed" : "";
  expect(json.detail).toBe(
    `${count} problem${count === 1 ? "" : "s"} found${rest}; nothing was started`,
  );
});

test.each<[string, () => object]>([
  [
    "a host of 2,000 characters",
    () => ({ source: `https://${"h".repeat(60)}.${"x.".repeat(900)}example/x` }),
  ],
  ["a source of 60,000 characters", () => ({ source: `https://a.example/${"x".repeat(60_000)}` })],
  ["a route of 60,000 characters", () => ({ route: "r".repeat(60_000), destination: undefined })],
  ["a tier of 60,000 characters", () => ({ options: { tier: "t".repeat(60_000) } })],
  [
    "a time of 60,000 characters",
    () => ({ options: { immutabilityPolicy: { until: "1".repeat(60_000), mode: "Locked" } } }),
  ],
])("%s is not repeated at length", async (_, content) => {
  const response = await stack.call("POST", "/copies", { body: { ...endpoints(), ...content() } });
  expect(response.status).toBe(400);
  expect(response.text.length).toBeLessThan(4 * 1_024);
});
