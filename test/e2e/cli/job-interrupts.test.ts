import { expect, test } from "vitest";
import { startAppProxy } from "../../support/cli/app-proxy.ts";
import { needsTerminal, startFerry } from "../../support/cli/run-ferry.ts";
import type { FerryOptions } from "../../support/cli/run-ferry.ts";
import { getJob, placeUrl, untilJob } from "../../support/jobs/stack-jobs.ts";
import { startStack } from "../../support/stack/test-stack.ts";

/* `ferry job` on a terminal: the bar, and the question after Ctrl-C. */

const ctrlC = "\u0003";
const question =
  "Abort the job? Type a to abort, p to pause, s to stop watching, nothing to continue; then Enter: ";

/** Watches a job of two blobs that does not end; resolves when its first progress is shown. */
async function watchJob(options: FerryOptions) {
  const stack = await startStack({ copies: { bytesPerSecond: 0 } });
  for (const name of ["a", "b"]) await stack.upload(`inbox/${name}.txt`, "content");
  const proxy = await startAppProxy(stack.local.host.url);
  const args = ["job", "start", placeUrl(stack, "inbox/"), placeUrl(stack, "archive/"), "--watch"];
  const ferry = startFerry(args, { ...options, env: { FERRY_URL: proxy.url } });
  const [, id = ""] = await ferry.until(/Job ([0-9a-f-]{36})\r?\n/);
  await untilJob(stack, id, ({ objects }) => objects.pending === 2);
  await ferry.until(/running .*0\.0 %.*(0\/2|0 of 2)/);
  return { stack, ferry, id };
}

test.each([
  ["a", "aborted", 3],
  ["p", "paused", 6],
])(
  "on a terminal, Ctrl-C asks, and [%s] ends with %s and the exit code %i",
  async (key, status, code) => {
    if (!needsTerminal()) return;
    const { stack, ferry, id } = await watchJob({ terminal: true });
    ferry.type(ctrlC);
    await ferry.until(question);
    ferry.type(`${key}\r`);
    await untilJob(stack, id, (job) => job.status === status);
    await ferry.until(`Job ${id} ${status}: 0 copied`);
    expect(await ferry.ended).toMatchObject({ code });
  },
);

test("on a terminal, Ctrl-C asks, and [s] only stops watching", async () => {
  if (!needsTerminal()) return;
  const { stack, ferry, id } = await watchJob({ terminal: true });
  ferry.type(ctrlC);
  await ferry.until(question);
  ferry.type("s\r");
  await ferry.until("Watching was stopped; the job continues.");
  await ferry.until(`ferry job abort ${id}`);
  expect(await ferry.ended).toMatchObject({ code: 130 });
  expect((await getJob(stack, id)).status).toBe("running");
});

test("in a pipe, SIGINT stops watching, and ferry prints how to abort the job", async () => {
  const { stack, ferry, id } = await watchJob({});
  ferry.interrupt();
  const { code, stderr } = await ferry.ended;
  expect(code).toBe(130);
  expect(stderr).toBe(
    `Watching was stopped; the job continues.\nTo abort:       ferry job abort ${id}\nTo watch again: ferry job wait ${id}\n`,
  );
  expect((await getJob(stack, id)).status).toBe("running");
});
