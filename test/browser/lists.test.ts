import { expect, test } from "vitest";
import { startStack } from "../support/stack/test-stack.ts";
import type { TestStack } from "../support/stack/test-stack.ts";
import { expectCount, expectText, openDashboard } from "./support/dashboard.ts";

/* Filters, the search, failures by cause, and actions on all shown copies. */

const slow = { bytesPerSecond: 10_000 };

async function startAll(stack: TestStack, pairs: readonly [source: string, destination: string][]) {
  for (const [source, destination] of pairs) {
    await stack.clock.advance(1_000);
    const from = stack.blob(source).url;
    await stack.start({ source: from, destination: stack.blob(destination).url });
  }
}

test("failures are grouped by cause with the fix, and a group is retried after a confirmation", async () => {
  const stack = await startStack();
  await stack.upload("inbox/film.mp4", "film");
  await stack.upload("archive/there.mp4", "older");
  await startAll(stack, [
    ["inbox/film.mp4", "archive/ok.mp4"],
    ["inbox/film.mp4", "archive/there.mp4"],
    ["inbox/gone-1.mp4", "archive/1.mp4"],
    ["inbox/gone-2.mp4", "archive/2.mp4"],
  ]);
  await stack.clock.advance(60_000);
  const failed = (await stack.call("GET", "/copies?status=failed")).json.items;
  const dashboard = await openDashboard(stack);
  const { page, button, rows, advance } = dashboard;
  await expectCount(rows(), 4);
  await page.getByRole("checkbox", { name: "Failures by cause" }).check();
  const groups = page.getByRole("article");
  await expectCount(groups, 2);
  await expectText(groups.nth(0), "Source not found 2");
  await expectText(groups.nth(1), "Destination exists 1");
  for (const [index, id] of [failed[0].id, failed[2].id].entries()) {
    const { error } = await stack.get(id);
    await expectText(groups.nth(index), error.fix);
  }
  await dashboard.screenshot("causes");

  await stack.upload("inbox/gone-1.mp4", "1");
  await stack.upload("inbox/gone-2.mp4", "2");
  await button("Retry 2 copies…").click();
  const question = page.getByRole("dialog", { name: "Retry 2 copies?" });
  await expectText(question, "source-not-found");
  await expectText(question, "archive/2.mp4");
  await dashboard.screenshot("question");
  await button("Retry 2 copies").last().click();
  await advance(20_000);
  expect((await stack.blob("archive/1.mp4").downloadToBuffer()).toString()).toBe("1");
  expect((await stack.blob("archive/2.mp4").downloadToBuffer()).toString()).toBe("2");
  const { items } = (await stack.call("GET", "/copies")).json;
  expect(items).toHaveLength(6);
  expect(await question.count()).toBe(0);
});

test("all copies that a filter shows are aborted after a confirmation, and no others", async () => {
  const stack = await startStack({ copies: slow });
  for (const name of ["a", "b", "c"]) await stack.upload(`inbox/${name}`, Buffer.alloc(1_000_000));
  await stack.upload("photos/d", Buffer.alloc(1_000_000));
  await startAll(stack, [
    ["inbox/a", "archive/a"],
    ["inbox/b", "archive/b"],
    ["inbox/c", "archive/keep"],
    ["photos/d", "archive/d"],
  ]);
  const { page, button, rows, row, advance, calls } = await openDashboard(stack);
  await expectCount(rows(), 4);
  const prefix = stack.blob("inbox/x").url.replace(/x$/, "");
  await page.getByLabel("Source begins with").fill(prefix);
  await expectCount(rows(), 3);
  expect(calls.at(-1)).toContain(`source=${encodeURIComponent(prefix)}`);
  const before = calls.length;
  await page.getByLabel("Search what is loaded").fill("archive/ INBOX");
  await expectCount(rows(), 3);
  await page.getByLabel("Search what is loaded").fill("no such name");
  await page.getByText("No copy fits").waitFor();
  const searches = calls.slice(before).filter((call) => !/\/copies\/[\w-]+$/.test(call));
  expect(searches.every((call) => !call.includes("cursor"))).toBe(true);
  await page.getByLabel("Search what is loaded").fill("inbox");

  await button("Abort 3 copies…").click();
  const question = page.getByRole("dialog", { name: "Abort 3 copies?" });
  await expectText(question, `a source that begins with ${prefix}`);
  await button("Cancel").click();
  await page.getByLabel("Search what is loaded").fill("archive/a");
  await button("Abort 1 copy…").click();
  await button("Abort this copy").click();
  await advance(60_000);
  await page.getByLabel("Search what is loaded").fill("");
  await expectText(row("archive/a"), "Aborted");
  const { items } = (await stack.call("GET", "/copies")).json;
  const statuses = items.map(({ status }: { status: string }) => status);
  expect(statuses).toEqual(["copying", "copying", "copying", "aborted"]);
});

test("a filter by status is the app's, and a prefix that it rejects shows its message", async () => {
  const stack = await startStack();
  await stack.upload("inbox/film.mp4", "film");
  await startAll(stack, [
    ["inbox/film.mp4", "archive/ok.mp4"],
    ["inbox/gone.mp4", "archive/gone.mp4"],
  ]);
  await stack.clock.advance(60_000);
  const dashboard = await openDashboard(stack);
  const { page, rows, row, calls } = dashboard;
  await expectCount(rows(), 2);
  await page.getByRole("radio", { name: /^Failed/ }).check({ force: true });
  await expectCount(rows(), 1);
  await expectText(row("gone.mp4"), "Failed");
  expect(calls.at(-1)).toContain("status=failed");

  dashboard.expectErrors("status of 400");
  const destination = "https://acct1.blob.core.windows.net/in?sig=x";
  const path = `/copies?status=failed&destination=${encodeURIComponent(destination)}`;
  const rejected = (await stack.call("GET", path)).json;
  await page.getByLabel("Destination begins with").fill(destination);
  await expectText(page.getByRole("alert"), rejected.errors[0].message);
});

test("a new copy appears on its own, and rows that the reader sees stay in place", async () => {
  const stack = await startStack();
  await stack.upload("inbox/film.mp4", "film");
  const names = Array.from({ length: 40 }, (_, index) => `archive/${index + 10}.mp4`);
  await startAll(
    stack,
    names.map((name) => ["inbox/film.mp4", name]),
  );
  await stack.clock.advance(60_000);
  const { page, row, rows, advance } = await openDashboard(stack);
  await row("archive/49.mp4").waitFor();
  const scroller = page.locator(".scroller");
  await scroller.evaluate((element) => (element.scrollTop = 560));
  const seen = row("archive/35.mp4");
  const before = await seen.boundingBox();
  await startAll(stack, [["inbox/film.mp4", "archive/new.mp4"]]);
  await advance(70_000);
  await expectText(page.getByText("41 copies loaded"), "41 copies");
  expect((await seen.boundingBox())?.y).toBe(before?.y);
  await scroller.evaluate((element) => (element.scrollTop = 0));
  await expectText(rows().first(), "new.mp4");
});
