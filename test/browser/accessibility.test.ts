import axe from "axe-core";
import { expect, test } from "vitest";
import { inboxJob, placeUrl, startJob } from "../support/jobs/stack-jobs.ts";
import { startStack } from "../support/stack/test-stack.ts";
import { expectCount, expectText, openDashboard } from "./support/dashboard.ts";

/* An automated check of every view, in both themes, and at the width of a phone. */

const themes = ["light", "dark"] as const;
const widths = [1_360, 390] as const;

test.each(themes.flatMap((theme) => widths.map((width) => ({ theme, width }))))(
  "no view has a finding: $theme, $width pixels wide",
  async ({ theme, width }) => {
    const stack = await startStack({ copies: { bytesPerSecond: 10_000 } });
    await stack.upload("inbox/film.mp4", Buffer.alloc(1_000_000));
    await stack.upload("inbox/small.mp4", "film");
    const start = (source: string, destination: string) =>
      stack.start({ source: stack.blob(source).url, destination: stack.blob(destination).url });
    await start("inbox/small.mp4", "archive/сору \u202egpj.exe");
    await start("inbox/small.mp4", "archive/to-abort.mp4");
    await start("inbox/gone.mp4", "archive/gone.mp4");
    await stack.clock.advance(60_000);
    await start("inbox/film.mp4", "archive/film.mp4");
    const dashboard = await openDashboard(stack, {
      context: {
        colorScheme: theme,
        viewport: { width, height: 800 },
        reducedMotion: "reduce",
        bypassCSP: true, // axe adds styles
      },
    });
    const { page, button, row, rows, advance } = dashboard;
    const check = async (view: string) => {
      await advance(500);
      await dashboard.screenshot(`${view}-${theme}-${width}`);
      await page.evaluate(axe.source);
      const { violations, passes } = await page.evaluate(() =>
        // The script has set the theme a moment before.
        (globalThis as unknown as { axe: typeof axe }).axe.run(),
      );
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html)}`);
      expect(found, view).toEqual([]);
      expect(passes.length).toBeGreaterThan(10);
      const hidden = await page
        .getByRole("banner")
        .evaluate((bar) => bar.scrollWidth - bar.clientWidth);
      expect(hidden, `${view}: overflow of the header (px)`).toBe(0);
    };
    await expectCount(rows(), 4);
    await advance(10_000);
    await check("list");
    await row("gone.mp4").click();
    await expectText(page.getByLabel("Details of the copy"), "Source not found");
    await check("details");
    await button("Close the details").click();
    await page.getByRole("checkbox", { name: "Failures by cause" }).check();
    await expectText(page.getByRole("article"), "Fix:");
    await check("causes");
    await button("Retry 1 copy…").first().click();
    await check("question");
    await button("Cancel").click();
    dashboard.expectErrors("status of 400");
    await button("New copy").click();
    await button("Start the copy").click();
    await expectText(page.getByRole("alert"), "not valid");
    await check("form");
    await page.keyboard.press("Escape");
    await button("Key").click();
    await check("key");
    await page.keyboard.press("Escape");
    await page.getByRole("checkbox", { name: "Failures by cause" }).uncheck();
    await page.getByLabel("Search what is loaded").fill("nothing has this name");
    await page.getByText("No copy fits").waitFor();
    await check("empty");

    await page.getByRole("link", { name: "Jobs" }).click();
    await page.getByText("No jobs yet").waitFor();
    await check("no-jobs");
    await stack.upload("archive/jobs/small.mp4", "older");
    const destination = placeUrl(stack, "archive/jobs/");
    await startJob(stack, inboxJob(stack, { destination }));
    await startJob(
      stack,
      inboxJob(stack, { destination: placeUrl(stack, "archive/plan/"), dryRun: true }),
    );
    await advance(20_000);
    const jobRows = page.locator("[data-job]");
    await expectCount(jobRows, 2);
    await expectText(jobRows.filter({ hasText: "jobs/" }), "Running");
    await check("jobs");
    await jobRows.filter({ hasText: "jobs/" }).click();
    await expectText(page.getByLabel("Details of the job"), "Destination exists");
    await check("job");
    await page.getByLabel("Details of the job").getByRole("button", { name: "Abort…" }).click();
    await check("job-question");
  },
);

test("the switch changes the theme, and the browser remembers it", async () => {
  const stack = await startStack();
  const { page, advance } = await openDashboard(stack, { context: { colorScheme: "light" } });
  const background = () => page.evaluate(() => getComputedStyle(document.body).color);
  const light = await background();
  const toggle = page.getByRole("switch", { name: "Dark theme" });
  expect(await toggle.getAttribute("aria-checked")).toBe("false");
  await toggle.click();
  await advance(500);
  expect(await toggle.getAttribute("aria-checked")).toBe("true");
  const dark = await background();
  expect(dark).not.toBe(light);
  await page.reload();
  await toggle.waitFor();
  await advance(500);
  expect(await background()).toBe(dark);
});
