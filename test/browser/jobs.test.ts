import { expect, test } from "vitest";
import { causes } from "../../src/copy/contract/failure.ts";
import {
  inboxJob,
  placeUrl,
  startJob,
  untilJob,
  untilJobEnded,
} from "../support/jobs/stack-jobs.ts";
import { startStack } from "../support/stack/test-stack.ts";
import type { TestStack } from "../support/stack/test-stack.ts";
import { expectCount, expectText, openDashboard } from "./support/dashboard.ts";
import type { Dashboard } from "./support/dashboard.ts";

/* Jobs on the page, against the app and the emulator. */

/** Blobs; one of them is copied every ten seconds, and as many others take half an hour each. */
async function fill(stack: TestStack, count: number): Promise<void> {
  for (let index = 1; index <= count; index++) {
    await stack.upload(`inbox/${index}.mp4`, Buffer.alloc(index * 10_000));
    await stack.upload(`inbox/long/${index}.mp4`, Buffer.alloc(1_800_000));
  }
}

const slow = { copies: { bytesPerSecond: 1_000 } } as const;
const immediately = { copies: { finishOnStart: "always" } } as const;

async function openJobs(stack: TestStack) {
  const dashboard = await openDashboard(stack);
  await dashboard.page.getByRole("link", { name: "Jobs" }).click();
  return { ...dashboard, jobRows: dashboard.page.locator("[data-job]") };
}

const details = ({ page }: Pick<Dashboard, "page">) => page.getByLabel("Details of the job");

test("a job is watched, paused, resumed and aborted", async () => {
  const stack = await startStack(slow);
  await fill(stack, 6);
  const { id } = await startJob(stack, inboxJob(stack));
  const dashboard = await openJobs(stack);
  const { page, button, jobRows, advance } = dashboard;
  await expectCount(jobRows, 1);
  await expectText(jobRows.first(), "Running");
  expect(new URL(page.url()).hash).toBe("#jobs");

  const bar = page.getByRole("progressbar", { name: "Progress of the job to archive/" });
  const positions: number[] = [];
  for (let step = 0; step < 6; step++) {
    await advance(28_000);
    positions.push(Number(await bar.getAttribute("aria-valuenow")));
  }
  expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  expect(new Set(positions).size).toBeGreaterThanOrEqual(2);
  expect(positions.at(-1)).toBeGreaterThan(0);
  await expectText(jobRows.first(), /\d \w*B\/s, [\d.]+ objects\/s/);
  await expectText(jobRows.first(), /left|due now/);
  await dashboard.screenshot("jobs");

  await jobRows.first().click();
  expect(new URL(page.url()).hash).toBe(`#job=${id}`);
  const counters = details(dashboard).getByLabel("Objects");
  await expectText(counters, "Planned12");
  await expectText(counters, /Copied[1-9]/);
  await dashboard.screenshot("job");

  await button("Pause the job to archive/").click();
  await expectText(details(dashboard), /Pausing|Paused/);
  await untilJob(stack, id, ({ status }) => status === "paused");
  await advance(20_000);
  await expectText(jobRows.first(), "Paused");
  const before = await counters.textContent();
  await advance(30_000);
  expect(await counters.textContent()).toBe(before);

  await details(dashboard).getByRole("button", { name: "Resume" }).click();
  await advance(20_000);
  await expectText(jobRows.first(), "Running");

  await button("Abort the job to archive/").click();
  const question = page.getByRole("dialog", { name: "Abort this job?" });
  await expectText(question, "12 objects planned");
  await expectText(question, "Copied objects stay");
  await button("Cancel").click();
  await expectText(jobRows.first(), "Running");
  await details(dashboard).getByRole("button", { name: "Abort…" }).click();
  await button("Abort this job").click();
  await expectCount(question, 0);
  await untilJobEnded(stack, id);
  await advance(20_000);
  await expectText(jobRows.first(), "Aborted");
  await expectText(counters, /Aborted[1-9]/);
  const { objects } = (await stack.call("GET", `/jobs/${id}`)).json;
  await expectText(counters, `Copied${objects.copied}`);
});

test("a planned job is started after a confirmation, and its failures are grouped by cause with the fix", async () => {
  const stack = await startStack(immediately);
  for (const name of ["a", "b", "c", "d"]) await stack.upload(`inbox/${name}.txt`, name);
  const { id } = await startJob(stack, inboxJob(stack, { dryRun: true }));
  await untilJobEnded(stack, id);
  await stack.clock.advance(10_000);
  await stack.upload("inbox/a.txt", "changed");
  await stack.upload("archive/b.txt", "older");
  await stack.upload("archive/c.txt", "older");
  const dashboard = await openJobs(stack);
  const { page, button, jobRows, advance } = dashboard;
  await expectText(jobRows.first(), "4 objects planned");
  await button("Start the job to archive/").click();
  await expectText(page.getByRole("dialog", { name: "Start this job?" }), "exactly the planned");
  await dashboard.screenshot("job-question");
  await button("Start this job").click();
  await untilJob(stack, id, ({ status }) => status === "failed");
  await advance(20_000);
  await expectText(jobRows.first(), "Failed");
  await expectText(jobRows.first(), "1 object copied, 3 failed");

  await jobRows
    .first()
    .getByRole("button", { name: /^Open the job to .*archive\/$/ })
    .click();
  await expectText(details(dashboard).getByLabel("Why it failed"), "Objects failed");
  const groups = details(dashboard).getByRole("article");
  await expectCount(groups, 2);
  await expectText(groups.nth(0), "Destination exists 2");
  await expectText(groups.nth(0), `Fix: ${causes["destination-exists"].fix}.`);
  expect(await groups.nth(0).getByRole("listitem").count()).toBe(2);
  await expectText(groups.nth(1), "Source changed 1");
  await expectText(groups.nth(1), "a.txt");
  await dashboard.screenshot("job-failures");

  await details(dashboard).getByRole("button", { name: "Forget…" }).click();
  await button("Forget this job").click();
  await page.getByText("No jobs yet").waitFor();
  await expectCount(details(dashboard), 0);
  expect((await stack.call("GET", `/jobs/${id}`)).status).toBe(404);
  await dashboard.screenshot("no-jobs");
});

test("a rejected order shows the reason; a link leads to its job, or to a message that there is none", async () => {
  const stack = await startStack(slow);
  await fill(stack, 3);
  const { id } = await startJob(stack, inboxJob(stack));
  const dashboard = await openJobs(stack);
  const { page, button, idle, advance } = dashboard;
  dashboard.expectErrors("status of 409", "status of 404");
  await page.evaluate((hash) => (location.hash = hash), `job=${id}`);
  await expectText(details(dashboard), "Running");
  await stack.call("POST", `/jobs/${id}/abort`);
  await details(dashboard).getByRole("button", { name: "Pause" }).click();
  await expectText(details(dashboard).getByRole("alert"), "The job is being aborted");
  await untilJobEnded(stack, id);
  await advance(20_000);
  await expectText(details(dashboard), "Aborted");
  await stack.call("DELETE", `/jobs/${id}`);
  await page.reload();
  await idle();
  await expectText(details(dashboard).getByRole("alert"), "No job has this id");
  await button("Close the details").click();
  await page.getByText("No jobs yet").waitFor();
  expect(new URL(page.url()).hash).toBe("#jobs");
});

test("with the keyboard alone, a job is opened, and Escape returns to it", async () => {
  const stack = await startStack(immediately);
  await stack.upload("inbox/a.txt", "a");
  for (const folder of ["one", "two"]) {
    const destination = placeUrl(stack, `archive/${folder}/`);
    const { id } = await startJob(stack, inboxJob(stack, { destination }));
    await untilJobEnded(stack, id);
    await stack.clock.advance(1_000); // jobs of one millisecond have no order
  }
  const dashboard = await openJobs(stack);
  const { page, jobRows, advance } = dashboard;
  await expectCount(jobRows, 2);
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");
  await page.getByRole("button", { name: "New copy" }).focus();
  await page.keyboard.press("Tab");
  expect(await focused()).toMatch(/^Open the job to .*archive\/two\/$/);
  await page.keyboard.press("Tab");
  expect(await focused()).toMatch(/^Open the job to .*archive\/one\/$/);
  await page.keyboard.press("Enter");
  await expectText(details(dashboard), "Succeeded");
  await advance(100);
  expect(await focused()).toBe("one/");
  await page.keyboard.press("Escape");
  await expectCount(details(dashboard), 0);
  expect(await focused()).toMatch(/^Open the job to .*archive\/one\/$/);
});

test("hostile names of a job's folders and objects are shown as they are", async () => {
  const stack = await startStack(immediately);
  const name = "<img src=x onerror=alert(1)>\u202egpj\u3164.exe";
  await stack.upload(`inbox/${name}`, "x");
  const folder = `archive/${encodeURIComponent("\u202e\u034fredlof")}/`;
  await stack.upload(`archive/\u202e\u034fredlof/${name}`, "older");
  const select = { exclude: ["\u202e*"] };
  const { id } = await startJob(
    stack,
    inboxJob(stack, { destination: placeUrl(stack, folder), select }),
  );
  await untilJobEnded(stack, id);
  const dashboard = await openJobs(stack);
  const { page, jobRows } = dashboard;
  await expectText(jobRows.first(), "\\u202e\\u034fredlof/");
  await jobRows.first().click();
  const failed = details(dashboard).getByRole("article");
  await expectText(failed, "<img src=x onerror=alert(1)>\\u202egpj\\u3164.exe");
  await expectText(details(dashboard), "Exclude\\u202e*");
  const texts = await page.evaluate(() => [
    document.body.innerText,
    ...[...document.querySelectorAll("[aria-label]")].map((each) => each.ariaLabel ?? ""),
  ]);
  for (const text of texts) expect(text).not.toMatch(/\u202e|\u034f|\u3164/u);
  expect(await page.locator(".details img").count()).toBe(0);
  await dashboard.screenshot("job-hostile");
});

test("while the app does not respond, the jobs stay on the page, which shows that it is not connected", async () => {
  const stack = await startStack(immediately);
  await stack.upload("inbox/a.txt", "a");
  await untilJobEnded(stack, (await startJob(stack, inboxJob(stack))).id);
  const dashboard = await openJobs(stack);
  const { page, jobRows, advance, calls } = dashboard;
  await expectCount(jobRows, 1);
  dashboard.expectErrors("net::ERR_CONNECTION_REFUSED");
  await page.route(/\/api\/jobs/, (route) => route.abort("connectionrefused"));
  const before = calls.length;
  await advance(120_000);
  await page.getByRole("alert").waitFor();
  await expectCount(jobRows, 1);
  // Only the data of the open view is read.
  expect(calls.slice(before).filter((call) => call.includes("/copies"))).toEqual([]);
  await page.unroute(/\/api\/jobs/);
  await advance(120_000);
  await expectText(page.getByRole("banner"), "Live");
});
