import { expect, test } from "vitest";
import { startAppProxy } from "../../support/cli/app-proxy.ts";
import { copyBody, sendJson, startFixedApp } from "../../support/cli/fixed-app.ts";
import { needsTerminal, startFerry } from "../../support/cli/run-ferry.ts";
import type { FerryOptions } from "../../support/cli/run-ferry.ts";
import { startStack } from "../../support/stack/test-stack.ts";

/* Ctrl-C in `ferry`: on a terminal, it asks what to do; in a pipe, it stops watching. */

const mebibyte = 1_024 * 1_024;
const ctrlC = "\u0003";
const question =
  "Abort the copy? Type a to abort, s to stop watching, nothing to continue; then Enter: ";

/** Watches a copy of 1 MiB that takes 100 s; resolves when its first progress is shown. */
async function watchCopy(options: FerryOptions) {
  const stack = await startStack({ copies: { bytesPerSecond: mebibyte / 100 } });
  const { url: source } = await stack.upload("inbox/film.mp4", Buffer.alloc(mebibyte));
  const proxy = await startAppProxy(stack.local.host.url);
  const args = ["copy", source, stack.blob("archive/film.mp4").url, "--watch"];
  const ferry = startFerry(args, { ...options, env: { FERRY_URL: proxy.url } });
  const [, id = ""] = await ferry.until(/Copy ([0-9a-f-]{36})\r?\n/);
  await stack.clock.settled();
  await stack.clock.advance(10_000);
  await ferry.until(/(?=copying +\S* *\d+\.\d %)/); // looks ahead: the rest of the line can be searched
  const status = async () => (await stack.get(id)).status;
  return { stack, proxy, ferry, id, status };
}

test("on a terminal, copy --watch draws a bar, removes it, and prints how the copy ended", async () => {
  if (!needsTerminal()) return;
  const { stack, ferry, id } = await watchCopy({ terminal: true });
  await stack.clock.advance(60_000);
  await ferry.until(/copying +=+-+ +\d+\.\d % \| .+\/1\.00 MiB \| .+\/s, .+ left/);
  await stack.untilEnded(id);
  await ferry.until(`Copy ${id} succeeded: 1.00 MiB`);
  const { code, stdout } = await ferry.ended;
  expect(code).toBe(0);
  // The cursor is shown again.
  expect(stdout.lastIndexOf("\u001b[?25h")).toBeGreaterThan(stdout.lastIndexOf("\u001b[?25l"));
});

test("on a terminal, a warning is shown once, above the bar", async () => {
  if (!needsTerminal()) return;
  const warning = "Storage has copied nothing for an hour";
  const copy = copyBody({ status: "copying", completedAt: null, warning });
  let reads = 0;
  const url = await startFixedApp((_, response) =>
    sendJson(response, reads++ < 4 ? copy : copyBody()),
  );
  const ferry = startFerry(["wait", copy.id], { terminal: true, env: { FERRY_URL: url } });
  await ferry.until(`${warning}\r\n`);
  await ferry.until(`Copy ${copy.id} succeeded`);
  const { code, stdout } = await ferry.ended;
  expect({ code, times: stdout.split(warning).length - 1 }).toEqual({ code: 0, times: 1 });
});

test("on a terminal, Ctrl-C asks, and [a] aborts the copy", async () => {
  if (!needsTerminal()) return;
  const { stack, ferry, id, status } = await watchCopy({ terminal: true });
  ferry.type(ctrlC);
  await ferry.until(question);
  ferry.type("a\r");
  while ((await status()) === "copying") await stack.clock.settled();
  await stack.untilEnded(id);
  await ferry.until(`Copy ${id} aborted`);
  expect(await ferry.ended).toMatchObject({ code: 3 });
});

test("on a terminal, Ctrl-C asks, and [s] only stops watching", async () => {
  if (!needsTerminal()) return;
  const { ferry, id, status } = await watchCopy({ terminal: true });
  ferry.type(ctrlC);
  await ferry.until(question);
  ferry.type("s\r");
  await ferry.until(`Watching was stopped; the copy continues.`);
  await ferry.until(`ferry abort ${id}`);
  expect(await ferry.ended).toMatchObject({ code: 130 });
  expect(await status()).toBe("copying");
});

test("on a terminal, Ctrl-C asks, and [Enter] and Ctrl-D continue watching", async () => {
  if (!needsTerminal()) return;
  const { stack, ferry, id } = await watchCopy({ terminal: true });
  for (const answer of ["\r", "\u0004"]) {
    ferry.type(ctrlC);
    await ferry.until(question);
    ferry.type(answer);
    await ferry.until(/copying .+ %/);
  }
  await stack.untilEnded(id);
  await ferry.until(`Copy ${id} succeeded`);
  expect(await ferry.ended).toMatchObject({ code: 0 });
});

test("on a terminal, a second Ctrl-C stops watching", async () => {
  if (!needsTerminal()) return;
  const { ferry, id, status } = await watchCopy({ terminal: true });
  ferry.type(ctrlC);
  await ferry.until(question);
  ferry.type(ctrlC);
  await ferry.until(`ferry wait ${id}`);
  expect(await ferry.ended).toMatchObject({ code: 130 });
  expect(await status()).toBe("copying");
});

test("on a terminal, a copy that ends while Ctrl-C asks is shown, and the question disappears", async () => {
  if (!needsTerminal()) return;
  const { stack, ferry, id } = await watchCopy({ terminal: true });
  ferry.type(ctrlC);
  await ferry.until(question);
  await stack.untilEnded(id);
  await ferry.until(`\r\nCopy ${id} succeeded`);
  expect(await ferry.ended).toMatchObject({ code: 0 });
});

test("on a terminal, an abort that comes too late is not an error", async () => {
  if (!needsTerminal()) return;
  const { stack, proxy, ferry, id } = await watchCopy({ terminal: true });
  const gate = proxy.hold("GET");
  await gate.held;
  await stack.untilEnded(id);
  ferry.type(ctrlC);
  await ferry.until(question);
  ferry.type("a\r");
  while (!proxy.calls.some(({ path }) => path.endsWith("/abort"))) await stack.clock.settled();
  gate.release();
  await ferry.until(`Copy ${id} succeeded`);
  const { code, stdout } = await ferry.ended;
  expect(code).toBe(0);
  expect(stdout).not.toContain("ferry: ");
});

test("in a pipe, SIGINT stops watching, and ferry prints how to abort the copy", async () => {
  const { ferry, id, status } = await watchCopy({});
  ferry.interrupt();
  const { code, stderr } = await ferry.ended;
  expect(code).toBe(130);
  expect(stderr).toBe(
    `Watching was stopped; the copy continues.\nTo abort:       ferry abort ${id}\nTo watch again: ferry wait ${id}\n`,
  );
  expect(await status()).toBe("copying");
});

test("SIGINT before the start has a response: ferry reports that the copy may have been started", async () => {
  const stack = await startStack();
  const { url: source } = await stack.upload("inbox/film.mp4", "film");
  const proxy = await startAppProxy(stack.local.host.url);
  const gate = proxy.hold("POST");
  const args = ["copy", source, stack.blob("archive/film.mp4").url, "--watch"];
  const ferry = startFerry(args, { env: { FERRY_URL: proxy.url } });
  await gate.held;
  ferry.interrupt();
  const { code, stderr } = await ferry.ended;
  expect(code).toBe(130);
  expect(stderr).toMatch(
    /^The copy may have been started. To find out, repeat .+-key [0-9a-f-]{36}\n$/,
  );
});
