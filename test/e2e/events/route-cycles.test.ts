import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseRoutes } from "../../../src/copy/routing/routes.ts";
import { allCopies } from "../../support/stack/events.ts";
import { randomNames, randomRoutes } from "../../support/requests/random-routes.ts";
import type { RouteEntry } from "../../support/requests/safe-routes.ts";
import { startStack } from "../../support/stack/test-stack.ts";

const origin = "http://127.0.0.1:10000";
const accounts: Record<string, string> = { acct1: "devstoreaccount1", acct2: "devstoreaccount2" };
const blob = (account: string, path: string) => `${origin}/${accounts[account]}/${path}`;
const origins = { emulator: { blob: origin, file: null }, external: [] };
/** In most graphs of a few routes, no route can trigger another. */
const mayFollow = (one: RouteEntry, { source, prefix = "" }: RouteEntry) =>
  one.destination.startsWith(`${source}/${prefix}`);
const graphs = fc
  .sample(randomRoutes(blob), { seed: 3, numRuns: 600 })
  .filter((routes) => routes.some((one) => routes.some((next) => mayFollow(one, next))))
  .filter((routes) => parseRoutes(JSON.stringify(routes), origins).problems.length === 0)
  .slice(0, 16);

let chains = 0;

test.each(graphs.map((routes) => ({ routes, text: JSON.stringify(routes) })))(
  "copies that trigger one another eventually stop: $text",
  async ({ text }) => {
    const stack = await startStack({
      settings: { COPY_ROUTES: text },
      events: {},
      copies: { finishOnStart: "always" },
    });
    // One copy per second, so that a cycle does not run in one instant of virtual time.
    stack.local.emulator.events.planDelivery = () => ({ delayMs: 1_000 });
    for (const account of Object.values(accounts)) {
      for (const container of ["xxx", "yyy"]) {
        for (const name of randomNames) {
          await stack.upload(`${container}/${name}`, "film", account);
        }
      }
    }
    await stack.clock.advance(60_000);
    const copies = await allCopies(stack);
    const written = new Set(copies.map(({ destination }) => destination));
    if (copies.some(({ source }) => written.has(source))) chains++;
    await stack.clock.advance(60_000);
    expect((await allCopies(stack)).length).toBe(copies.length);
  },
);

test("there are sixteen graphs, and in some of them one copy triggers another", () => {
  expect(graphs).toHaveLength(16);
  expect(chains).toBeGreaterThan(1);
});
