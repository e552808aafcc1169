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
  .sample(randomRoutes(blob), { seed: 3, numRuns: 600 }) // fixed: some seeds draw no chain
  .filter((routes) => routes.some((one) => routes.some((next) => mayFollow(one, next))))
  .filter((routes) => parseRoutes(JSON.stringify(routes), origins).problems.length === 0)
  .slice(0, 16);

type Rest = { copiesAfterOneMinute: number; copiesAfterTwo: number; isChain: boolean };

async function copyAlong(routes: string): Promise<Rest> {
  const stack = await startStack({
    settings: { COPY_ROUTES: routes },
    events: {},
    copies: { finishOnStart: "always" },
  });
  // A cycle would take a second per round, so it does not run endlessly at one virtual time.
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
  await stack.clock.advance(60_000);
  const copiesAfterTwo = (await allCopies(stack)).length;
  await stack.close(); // Only one virtual clock can exist at a time.
  return {
    copiesAfterOneMinute: copies.length,
    copiesAfterTwo,
    isChain: copies.some(({ source }) => written.has(source)),
  };
}

/** Each graph is simulated once, for the test that needs it first. */
const rests = new Map<string, Promise<Rest>>();
function restOf(routes: string): Promise<Rest> {
  const rest = rests.get(routes) ?? copyAlong(routes);
  rests.set(routes, rest);
  return rest;
}

test.each(graphs.map((routes) => ({ text: JSON.stringify(routes) })))(
  "copies that trigger each other stop eventually: $text",
  async ({ text }) => {
    const { copiesAfterOneMinute, copiesAfterTwo } = await restOf(text);
    expect(copiesAfterTwo).toBe(copiesAfterOneMinute);
  },
);

test("there are sixteen graphs, and in some of them a copy triggers another", async () => {
  expect(graphs).toHaveLength(16);
  let chains = 0;
  for (const routes of graphs) if ((await restOf(JSON.stringify(routes))).isChain) chains++;
  expect(chains).toBeGreaterThan(1);
});
