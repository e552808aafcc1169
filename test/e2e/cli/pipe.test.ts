import { expect, test } from "vitest";
import { startAppProxy } from "../../support/cli/app-proxy.ts";
import { runFerry, startFerry } from "../../support/cli/run-ferry.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* `ferry` in a pipe, against the app: lines, JSON and exit codes. The clock moves when a line has been printed. */

const mebibyte = 1_024 * 1_024;

/** A stack on which copies take ten seconds for each MiB, and a source of 1 MiB. */
async function startCopies() {
  const stack = await startStack({ copies: { bytesPerSecond: mebibyte / 10 } });
  const { url: source } = await stack.upload("inbox/film.mp4", Buffer.alloc(mebibyte));
  const proxy = await startAppProxy(stack.local.host.url);
  const env = { FERRY_URL: proxy.url };
  const run = (...args: string[]) => runFerry(args, { env });
  const start = (...args: string[]) => startFerry(args, { env });
  return { stack, proxy, env, source, run, start, to: (name: string) => stack.blob(name).url };
}

const idOf = (text: string) => /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(text)?.[0] ?? "";

/** Moves the clock until a copy has ended, while `ferry` polls it. */
async function finish(stack: TestStack, id: string) {
  expect(await stack.untilEnded(id)).toMatchObject({ completedAt: expect.any(String) });
}

test("copy --watch prints lines with the progress, and exits with 0 when the copy has succeeded", async () => {
  const { stack, source, start, to } = await startCopies();
  const ferry = start("copy", source, to("archive/film.mp4"), "--watch");
  const id = idOf((await ferry.until(/^Copy \S+\n/m))[0]);
  await stack.clock.settled();
  await ferry.until(/^copying/m);
  await stack.clock.advance(5_000);
  await ferry.until(/^copying +\d+\.\d %, .+ of 1\.00 MiB, .+\/s, \d+ s left\n/m);
  await finish(stack, id);
  const { code, stdout, stderr } = await ferry.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(new RegExp(`\nCopy ${id} succeeded: 1.00 MiB\n$`));
  // No line is printed twice, and there is no control character.
  expect(new Set(stdout.split("\n")).size).toBe(stdout.split("\n").length);
  expect(stdout).not.toMatch(/[^\n\u0020-\u007e]/);
});

test("copy without --watch prints the id; with --json, the copy as the API returns it", async () => {
  const { stack, source, run, to } = await startCopies();
  const plain = await run("copy", source, to("archive/1"));
  expect(plain).toMatchObject({ code: 0, stderr: "" });
  expect(plain.stdout).toMatch(/^Copy [0-9a-f-]{36} (queued|copying)\n$/);
  const { code, stdout } = await run("copy", source, to("archive/2"), "--json");
  expect({ code, lines: stdout.split("\n").length }).toEqual({ code: 0, lines: 2 });
  const copy = JSON.parse(stdout);
  expect(await stack.get(copy.id)).toMatchObject({ source, destination: copy.destination });
});

test("copy --watch --json prints only the copy that has ended", async () => {
  const { stack, proxy, source, start, to } = await startCopies();
  const ferry = start("copy", source, to("archive/film.mp4"), "--watch", "--json");
  while (!proxy.calls.some(({ path }) => idOf(path) !== "")) await stack.clock.settled();
  await finish(stack, idOf(proxy.calls.find(({ path }) => idOf(path) !== "")?.path ?? ""));
  const { code, stdout, stderr } = await ferry.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
  expect(JSON.parse(stdout)).toMatchObject({ status: "succeeded", source });
});

test("a failed copy: copy --watch exits with 1 and prints cause and fix; list, show, retry and wait agree", async () => {
  const { stack, source, run, start, to } = await startCopies();
  const ferry = start("copy", to("archive/none"), to("archive/film.mp4"), "--watch");
  const id = idOf((await ferry.until(/^Copy \S+\n/m))[0]);
  await finish(stack, id);
  const watched = await ferry.ended;
  expect(watched.code).toBe(1);
  expect(watched.stdout).toMatch(/\nCopy \S+ failed: .+\nCause: source-not-found\nFix: .+\n/);

  const list = await run("list", "--status", "failed", "--json");
  expect(list).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(list.stdout)).toMatchObject({ id, cause: "source-not-found" });
  expect((await run("list", "--status", "succeeded")).stderr).toBe("There are no such copies\n");

  const show = await run("show", id);
  expect(show.code).toBe(0);
  expect(show.stdout).toMatch(/^cause +source-not-found\nmessage +.+\nfix +.+\nretryable +no$/m);
  const timeline = await run("show", id, "--timeline");
  expect(timeline.stdout).toMatch(/^\S+ +requested\n[\s\S]*^\S+ +ended\n$/m);

  await stack.upload("archive/none", "now it exists");
  const retried = start("retry", id, "--watch");
  const next = idOf((await retried.until(/^Copy \S+\n/m))[0]);
  expect(next).not.toBe(id);
  await finish(stack, next);
  expect(await retried.ended).toMatchObject({ code: 0, stderr: "" });
  expect(await stack.get(next)).toMatchObject({ retryOf: id });
  const shown = await run("show", id, "no-copy", next, "--json");
  expect(shown.code).toBe(4);
  const copies = shown.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(copies).toMatchObject([{ id, error: { fix: expect.any(String) } }, { id: next }]);
  const both = await run("wait", id, next);
  expect(both.code).toBe(1);
  expect(both.stdout).toContain(`Copy ${id} failed`);
  expect(both.stdout).toContain(`Copy ${next} succeeded`);
  expect(source).not.toBe("");
});

test("abort exits with 0 when the abort is under way, and with 4 when it is too late; wait exits with 3", async () => {
  const { stack, source, run, start, to } = await startCopies();
  const { id } = await stack.start({ source, destination: to("archive/film.mp4") });
  expect(await run("abort", id)).toMatchObject({ code: 0, stdout: `Copy ${id} aborting\n` });
  const waiting = start("wait", id);
  await finish(stack, id);
  expect(await waiting.ended).toMatchObject({ code: 3 });
  const { id: other } = await stack.start({ source, destination: to("archive/other") });
  await finish(stack, other);
  const late = await run("abort", other);
  expect(late.code).toBe(4);
  expect(late.stderr).toMatch(/^ferry: [-0-9a-f]{36}: The copy has already ended: /);
});

test("copy --dry-run prints the plan and starts nothing", async () => {
  const { stack, source, run, to } = await startCopies();
  const { code, stdout } = await run(
    "copy",
    source,
    to("archive/x"),
    "-n",
    "--overwrite",
    "always",
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Nothing was started[\s\S]*\nwrites +Copy Blob [\s\S]*\nnot copied +/);
  const json = await run("copy", source, to("archive/x"), "--dry-run", "--json", "--tier", "Cool");
  expect(JSON.parse(json.stdout)).toMatchObject({ dryRun: true, options: { tier: "Cool" } });
  expect((await stack.call("GET", "/copies")).json.items).toEqual([]);
});

test("ten copies in a script: wait exits with 1, and the failures are JSON with cause and fix", async () => {
  const { stack, source, run, start, to } = await startCopies();
  const ids: string[] = [];
  for (let index = 0; index < 10; index++) {
    const from = index % 3 === 0 ? to(`archive/none-${index}`) : source;
    const { stdout } = await run("copy", from, to(`archive/${index}`), "--json");
    ids.push(JSON.parse(stdout).id);
  }
  const waiting = start("wait", ...ids, "--json");
  for (const id of ids) await finish(stack, id);
  const { code, stdout, stderr } = await waiting.ended;
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  const copies = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(new Set(copies.map(({ id }) => id))).toEqual(new Set(ids));
  expect(copies).toHaveLength(10);
  const failed = copies.filter(({ status }) => status === "failed");
  expect(failed).toHaveLength(4);
  for (const { error } of failed) expect(error).toMatchObject({ cause: "source-not-found" });
});

test("the same Idempotency-Key starts one copy", async () => {
  const { source, run, to } = await startCopies();
  const args = ["copy", source, to("archive/film.mp4"), "--json", "--idempotency-key", "night-1"];
  const [first, second] = [await run(...args), await run(...args)];
  expect(JSON.parse(second.stdout).id).toBe(JSON.parse(first.stdout).id);
});
