import { expect, test } from "vitest";
import { startStack } from "../support/stack/test-stack.ts";
import { expectCount, openDashboard } from "./support/dashboard.ts";
import { scrollThrough, serveCopies } from "./support/many-copies.ts";

/* With 10,000 copies loaded, the work of the page depends only on the visible rows. `npm run bench` measures times. */

test("10,000 copies are loaded, scrolled and searched with a few dozen rows", async () => {
  const stack = await startStack();
  const { page, rows, calls } = await openDashboard(stack, {
    realTime: true,
    prepare: (page) => serveCopies(page, 10_000),
  });
  await page.getByText(/^50 copies loaded/).waitFor();
  await page.getByRole("button", { name: /^Load up to 10,000/ }).click();
  await page.getByText("10,000 copies loaded; that is all").waitFor({ timeout: 240_000 });
  expect(calls.filter((call) => call.includes("cursor="))).toHaveLength(199);
  const { longTasks, maxRows, distance } = await scrollThrough(page, 300);
  console.log(`Longest task while scrolling: ${Math.max(0, ...longTasks)} ms (0: below 50 ms)`);
  expect(distance).toBeGreaterThan(9_900 * 56);
  expect(maxRows).toBeGreaterThan(10);
  expect(maxRows).toBeLessThan(50);

  await page.getByLabel("Search what is loaded").fill("series-13/ exists");
  const found = page.getByText(/ of 10,000 copies loaded/);
  await found.waitFor();
  const [, count = ""] = /^([\d,]+) of/.exec((await found.textContent()) ?? "") ?? [];
  const expected = Array.from({ length: 10_000 }, (_, index) => index + 1).filter(
    (number) => number % 97 === 13 && number % 5 === 2,
  );
  expect(Number(count)).toBe(expected.length);
  await expectCount(rows().filter({ hasText: "series-13/" }), await rows().count());
});
