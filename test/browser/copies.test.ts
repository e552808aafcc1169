import { expect, test } from "vitest";
import { startStack } from "../support/stack/test-stack.ts";
import { expectCount, expectText, openDashboard } from "./support/dashboard.ts";

/* An operator's work with the page, against the app and the emulator. Each copy takes a minute of virtual time. */

const slow = { bytesPerSecond: 100_000 };
const film = Buffer.alloc(6_000_000);

test("a copy is started in the form, with the app's messages at the fields, and its bar moves", async () => {
  const stack = await startStack({ copies: slow });
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4").url;
  const dashboard = await openDashboard(stack);
  const { page, button, row, advance, idle } = dashboard;
  await page.getByText("No copies yet").waitFor();
  await dashboard.screenshot("empty");
  // The clock of the browser has moved while the page was loaded.
  const browserTime = await page.evaluate(() => Date.now());
  await stack.clock.advance(Math.max(0, browserTime - stack.clock.now()));

  await button("New copy").click();
  const form = page.getByRole("dialog", { name: "New copy" });
  const fields = {
    source: form.getByLabel("Source", { exact: true }),
    destination: form.getByLabel("Destination", { exact: true }),
    options: form.getByLabel("Further options"),
  };
  await fields.source.fill(source.url);
  await fields.destination.fill("archive/film.mp4");
  await fields.options.fill('{"tier": "Warm", "colour": "red", "tags": {"a": 1}}');
  dashboard.expectErrors("status of 400");
  await button("Start the copy").click();
  const rejected = await stack.call("POST", "/copies", {
    body: {
      source: source.url,
      destination: "archive/film.mp4",
      options: { tier: "Warm", colour: "red", tags: { a: 1 } },
    },
  });
  const problems: { pointer: string; message: string }[] = rejected.json.errors;
  expect(problems.map(({ pointer }) => pointer).toSorted()).toEqual([
    "/destination",
    "/options/colour",
    "/options/tags/a",
    "/options/tier",
  ]);
  for (const { pointer, message } of problems) {
    const name = pointer.split("/")[1] === "options" ? "options" : "destination";
    const field = pointer === "/options/tier" ? form.getByLabel("Access tier") : fields[name];
    const id = (await field.getAttribute("aria-describedby"))?.split(" ").at(-1) ?? "";
    const [, , ...option] = pointer.split("/");
    const named = field === fields.options ? `${option.join("/")}: ${message}` : message;
    await expectText(form.locator(`[id="${id}"]`), named);
    expect(await field.getAttribute("aria-invalid")).toBe("true");
  }
  expect(await fields.source.getAttribute("aria-invalid")).toBe("false");
  expect(await fields.destination.evaluate((field) => field === document.activeElement)).toBe(true);
  await dashboard.screenshot("form-problems");

  await fields.destination.fill(destination);
  await fields.options.fill('{"tags": {"team": "video"}}');
  await button("Dry run").click();
  const plan = form.getByLabel("Plan");
  await expectText(plan, "Copy Blob");
  await expectText(plan, "nothing was started");
  await dashboard.screenshot("plan");
  expect((await stack.call("GET", "/copies")).json.items).toEqual([]);

  await button("Start the copy").click();
  await expectText(row("film.mp4"), "Copying");
  await idle();
  expect((await stack.call("GET", "/copies")).json.items).toHaveLength(1);
  expect(await form.count()).toBe(0);
  const bar = row("film.mp4").getByRole("progressbar", { name: "Progress of film.mp4" });
  const positions: number[] = [];
  for (let step = 0; step < 4; step++) {
    await advance(12_000);
    positions.push(Number(await bar.getAttribute("aria-valuenow")));
  }
  // Ferry chooses the moments of its polls, so two positions can be of one poll.
  expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  expect(new Set(positions).size).toBeGreaterThanOrEqual(3);
  expect(positions.at(-1)).toBeGreaterThan(50);
  await expectText(row("film.mp4"), /\d KiB\/s/);
  await dashboard.screenshot("copying");

  await advance(30_000);
  await expectText(row("film.mp4"), "Succeeded");
  await expectText(page.getByRole("status"), "film.mp4 succeeded");
  await expectText(page.getByLabel("Overview"), "5.72 MiB");
});

test("the form shows why the settings do not allow a copy, and how to fix that", async () => {
  const stack = await startStack({ settings: { COPY_ALLOWED: "[]" } });
  const source = await stack.upload("inbox/film.mp4", "film");
  const request = { source: source.url, destination: stack.blob("archive/film.mp4").url };
  const dashboard = await openDashboard(stack);
  const { page, button } = dashboard;
  dashboard.expectErrors("status of 403");
  await button("New copy").click();
  const form = page.getByRole("dialog", { name: "New copy" });
  await form.getByLabel("Source", { exact: true }).fill(request.source);
  await form.getByLabel("Destination", { exact: true }).fill(request.destination);
  await button("Start the copy").click();
  const { status, json } = await stack.call("POST", "/copies", { body: request });
  expect(status).toBe(403);
  expect(json.fix).toEqual(expect.any(String));
  await expectText(form.getByRole("alert"), `Fix: ${json.fix}`);
  await dashboard.screenshot("form-not-allowed");
});

test("a running copy is aborted after a confirmation, and its destination is removed", async () => {
  const stack = await startStack({ copies: slow });
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4");
  await stack.start({ source: source.url, destination: destination.url });
  const { page, button, row, advance } = await openDashboard(stack);
  await expectText(row("film.mp4"), "Copying");

  await button("Abort film.mp4").click();
  await page.getByRole("dialog", { name: "Abort this copy?" }).waitFor();
  await button("Cancel").click();
  await advance(5_000);
  await expectText(row("film.mp4"), "Copying");

  await button("Abort film.mp4").click();
  await button("Abort this copy").click();
  await advance(60_000);
  await expectText(row("film.mp4"), "Aborted");
  expect(await destination.exists()).toBe(false);
});

test("a failed copy shows its cause, the fix and the timeline, and a retry succeeds after the fix", async () => {
  const stack = await startStack({ copies: slow });
  await stack.upload("inbox/other.mp4", "other");
  const source = stack.blob("inbox/film.mp4");
  const destination = stack.blob("archive/film.mp4");
  const { id } = await stack.start({ source: source.url, destination: destination.url });
  const { error } = await stack.untilEnded(id);
  const dashboard = await openDashboard(stack);
  const { page, button, row, rows, advance } = dashboard;
  await expectText(row("film.mp4"), "Failed");
  await expectText(row("film.mp4"), "Source not found");

  await row("film.mp4").click();
  const details = page.getByLabel("Details of the copy");
  await expectText(details, error.message);
  await expectText(details, error.fix);
  const steps = details.getByRole("list").getByRole("listitem");
  await expectText(steps.first(), "Requested");
  await expectText(steps.last(), "Ended");
  expect(new URL(page.url()).hash).toBe(`#copy=${id}`);
  await dashboard.screenshot("failed");

  await stack.upload("inbox/film.mp4", "film");
  await advance(1_000);
  await details.getByRole("button", { name: "Retry…" }).click();
  await button("Retry this copy").click();
  await expectCount(rows(), 2);
  await advance(10_000);
  await expectText(rows().first(), "Succeeded");
  await rows().first().click();
  await details.getByRole("button", { name: id }).click();
  await expectText(details, error.fix);
  // The failed copy leads to its retry, as the retry leads to it.
  const [retry] = (await stack.call("GET", "/copies")).json.items;
  await expectText(details, "Retried as");
  await dashboard.screenshot("retried-as");
  await details.getByRole("button", { name: retry.id }).click();
  await expectText(details, `Retry of${id}`);
  expect((await destination.downloadToBuffer()).toString()).toBe("film");
});

test("a retry that is started among the failed copies is followed to its end, although the filter hides it", async () => {
  const stack = await startStack({ copies: slow });
  const source = stack.blob("inbox/film.mp4");
  const destination = stack.blob("archive/film.mp4");
  const { id } = await stack.start({ source: source.url, destination: destination.url });
  await stack.untilEnded(id);
  const dashboard = await openDashboard(stack);
  const { page, button, rows, advance } = dashboard;
  await page.getByRole("radio", { name: /^Failed/ }).check({ force: true });
  await expectCount(rows(), 1);

  await stack.upload("inbox/film.mp4", film);
  await button("Retry film.mp4").click();
  await expectText(page.getByRole("dialog", { name: "Retry this copy?" }), "Source not found");
  await dashboard.screenshot("retry-question");
  await button("Retry this copy").click();
  const overview = page.getByLabel("Overview");
  await expectText(overview, /Running\s*1/);
  await advance(90_000);
  await expectText(page.getByRole("status"), "film.mp4 succeeded");
  await expectText(overview, /Running\s*0/);
  await expectCount(rows(), 1);
  // The number of the chosen filter is that of the list.
  await expectText(page.getByRole("radio", { name: /^Failed/ }).locator(".."), "Failed 1");
  await page.getByText(/^1 copy loaded/).waitFor();
  await dashboard.screenshot("counts");
  expect((await destination.downloadToBuffer()).equals(film)).toBe(true);
});

test("a request that must change is started again in the form, with its source and destination", async () => {
  const stack = await startStack();
  const source = await stack.upload("inbox/film.mp4", "new");
  const destination = await stack.upload("archive/film.mp4", "old");
  const { id } = await stack.start({ source: source.url, destination: destination.url });
  await stack.untilEnded(id);
  const dashboard = await openDashboard(stack);
  const { page, button, rows, row, advance } = dashboard;
  await expectText(row("film.mp4"), "Destination exists");
  await row("film.mp4").click();
  await advance(1_000); // copies of one millisecond have no order
  await button("Change and start…").click();
  const form = page.getByRole("dialog", { name: "New copy" });
  expect(await form.getByLabel("Source", { exact: true }).inputValue()).toBe(source.url);
  expect(await form.getByLabel("Destination", { exact: true }).inputValue()).toBe(destination.url);
  await form.getByLabel("If the destination exists").selectOption("always");
  await dashboard.screenshot("change-and-start");
  await button("Start the copy").click();
  await expectCount(rows(), 2);
  await advance(10_000);
  await expectText(rows().first(), "Succeeded");
  expect((await destination.downloadToBuffer()).toString()).toBe("new");
});

test("a link opens its copy, even one that the list has not loaded", async () => {
  const stack = await startStack();
  const source = await stack.upload("inbox/film.mp4", "film");
  const { id } = await stack.start({
    source: source.url,
    destination: stack.blob("archive/film.mp4").url,
  });
  await stack.untilEnded(id);
  const { page, idle } = await openDashboard(stack, {
    prepare: (page) =>
      page.route(/\/api\/copies\?/, (route) =>
        route.fulfill({ json: { items: [], nextCursor: null } }),
      ),
  });
  const details = page.getByLabel("Details of the copy");
  // The page changes after the address did, and before the browser reports that.
  await page.evaluate((hash) => {
    location.hash = hash;
    document.dispatchEvent(new Event("visibilitychange"));
  }, `copy=${id}`);
  await expectText(details, "Succeeded");
  expect(new URL(page.url()).hash).toBe(`#copy=${id}`);
  await idle();
  await page.reload();
  await idle();
  await expectText(details, "Succeeded");
  expect(await page.locator("[data-id]").count()).toBe(0);
});
