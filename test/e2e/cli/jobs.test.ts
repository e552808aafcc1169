import { expect, test } from "vitest";
import { startAppProxy } from "../../support/cli/app-proxy.ts";
import { sendJson, startFixedApp } from "../../support/cli/fixed-app.ts";
import { runFerry, startFerry } from "../../support/cli/run-ferry.ts";
import {
  containerSas,
  getJob,
  placeUrl,
  untilJob,
  untilJobEnded,
} from "../../support/jobs/stack-jobs.ts";
import { secondAccount, startStack } from "../../support/stack/test-stack.ts";
import { jobExample } from "../../../src/http/openapi/job-examples.ts";

/* `ferry job` in a pipe, against the app: lines, JSON, exit codes. */

type Copies = NonNullable<Parameters<typeof startStack>[0]>["copies"];

const immediately: Copies = { finishOnStart: "always" };
const stalled: Copies = { bytesPerSecond: 0 };

/** A stack with some blobs in `inbox`, and `ferry` for it. */
async function startJobs(copies: Copies, { blobs = 3, environment = {} } = {}) {
  const stack = await startStack({ copies, environment });
  for (let index = 0; index < blobs; index++) await stack.upload(`inbox/${index}.txt`, "content");
  const proxy = await startAppProxy(stack.local.host.url);
  const env = { FERRY_URL: proxy.url };
  return {
    stack,
    proxy,
    env,
    places: [placeUrl(stack, "inbox/"), placeUrl(stack, "archive/")],
    run: (...args: string[]) => runFerry(["job", ...args], { env }),
    start: (...args: string[]) => startFerry(["job", ...args], { env }),
  };
}

const idOf = (text: string) => /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(text)?.[0] ?? "";

test("job start --watch prints the progress, and exits with 0 when the job has succeeded", async () => {
  const { stack, places, start } = await startJobs({ bytesPerSecond: 1 });
  const ferry = start("start", ...places, "--watch");
  const id = idOf((await ferry.until(/^Job \S+\n/m))[0]);
  await untilJob(stack, id, ({ objects }) => objects.pending === 3);
  await ferry.until(/^running +0\.0 %, 0 of 3 objects, .* of 21 B/m);
  await untilJobEnded(stack, id);
  await ferry.until(`Job ${id} succeeded: 3 copied, 21 B\n`);
  const { code, stdout, stderr } = await ferry.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).not.toMatch(/[^\n\u0020-\u007e]/);
});

test("job start --plan copies nothing, and job run copies what was planned", async () => {
  const { stack, places, run, start } = await startJobs(immediately);
  const planning = start("start", ...places, "--plan", "--watch", "--exclude", "2*");
  const id = idOf((await planning.until(/^Job \S+\n/m))[0]);
  await untilJobEnded(stack, id);
  const planned = await planning.ended;
  expect(planned.code).toBe(0);
  expect(planned.stdout).toContain(`Job ${id} planned: 2 objects, 14 B; nothing was copied\n`);
  expect(planned.stdout).toContain(`To copy these objects: ferry job run ${id}\n`);
  expect(await stack.blob("archive/0.txt").exists()).toBe(false);
  const ferry = start("run", id, "--watch");
  await ferry.until(`Job ${id}\n`);
  await untilJob(stack, id, ({ status }) => status === "succeeded");
  expect(await ferry.ended).toMatchObject({ code: 0, stderr: "" });
  expect(await stack.blob("archive/0.txt").exists()).toBe(true);
  const again = await run("run", id);
  expect(again).toMatchObject({ code: 4, stdout: "" });
  expect(again.stderr).toMatch(
    /^ferry: The status of the job is not planned: .+\nFix: Start a new job with ferry job start/,
  );
});

test("a failed job: wait exits with 1; wait and show group the failures by cause, with the flag that fixes them", async () => {
  const { stack, places, run } = await startJobs(immediately);
  for (const name of ["0", "1"]) await stack.upload(`archive/${name}.txt`, "former");
  const started = await run("start", ...places, "--json");
  const { id } = JSON.parse(started.stdout);
  await untilJobEnded(stack, id);
  const { code, stdout, stderr } = await run("wait", id);
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  const failures = [
    "Failed: 2 objects, destination-exists",
    '  Fix: Choose another destination, or set --overwrite to "skip", "if-newer" or "always"',
    "    0.txt: ",
    "    1.txt: ",
  ];
  const show = await run("show", id);
  for (const line of failures) {
    expect(stdout).toContain(`\n${line}`);
    expect(show.stdout).toContain(`\n${line}`);
  }
  expect(show).toMatchObject({ code: 0, stderr: "" });
  expect(show.stdout).toContain("objects      3 planned, 1 copied, 2 failed\n");
  const json = await run("show", id, "--json");
  expect(JSON.parse(json.stdout)).toEqual(await getJob(stack, id));
});

test("pause, resume, abort, list and delete, and the exit codes of wait", async () => {
  const { stack, places, run } = await startJobs(stalled);
  const id = idOf((await run("start", ...places)).stdout);
  await untilJob(stack, id, ({ objects }) => objects.pending === 3);
  expect(await run("pause", id)).toMatchObject({ code: 0, stdout: `Job ${id} pausing\n` });
  await untilJob(stack, id, ({ status }) => status === "paused");
  const paused = await run("wait", id);
  expect(paused.code).toBe(6);
  expect(paused.stdout).toMatch(
    new RegExp(`^Job ${id} paused: 0 copied, 0 B\nTo continue: ferry job resume ${id}\n$`),
  );
  expect(await run("resume", id)).toMatchObject({ code: 0, stdout: `Job ${id} running\n` });
  expect(await run("delete", id)).toMatchObject({ code: 4, stdout: "" });
  const list = await run("list", "--status", "running");
  expect(list.stdout.split("\n")[1]).toMatch(new RegExp(`^${id}  running .+ 0/3 +0  .+/archive/$`));
  expect(await run("abort", id)).toMatchObject({ code: 0, stdout: `Job ${id} aborting\n` });
  await untilJobEnded(stack, id);
  const aborted = await run("wait", id);
  expect(aborted).toMatchObject({
    code: 3,
    stdout: `Job ${id} aborted: 0 copied, 0 B, 3 aborted\n`,
  });
  expect(await run("delete", id)).toMatchObject({ code: 0, stdout: `Job ${id} deleted\n` });
  const gone = await run("show", id);
  expect(gone.code).toBe(4);
  expect(gone.stderr).toMatch(/There is no such job: .+\nFix: .+ferry job list/);
});

test("ferry reports that a job's selection leaves out every object", async () => {
  const { stack, places, run } = await startJobs(immediately);
  const id = idOf((await run("start", ...places, "--min-size", "1KiB")).stdout);
  await untilJobEnded(stack, id);
  expect(await run("wait", id)).toMatchObject({
    code: 0,
    stdout: `Job ${id} succeeded: The selection leaves out all 3 blobs of the source\n`,
  });
});

test("a SAS of a job comes from a variable, and the same Idempotency-Key starts one job", async () => {
  const environment = { COPY_SECRET_KEYS: Buffer.alloc(32, "k").toString("base64") };
  const { stack, proxy } = await startJobs(immediately, { blobs: 0, environment });
  await stack.upload("inbox/a.txt", "content", secondAccount);
  const sas = await containerSas(stack, secondAccount);
  const source = placeUrl(stack, "inbox/", secondAccount);
  const args = ["job", "start", source, placeUrl(stack, "archive/"), "--idempotency-key", "k1"];
  const env = { FERRY_URL: proxy.url, SAS: sas };
  const ids = [];
  for (let time = 0; time < 2; time++) {
    const { code, stdout, stderr } = await runFerry([...args, "--source-sas-env", "SAS"], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    ids.push(idOf(stdout));
  }
  expect(ids[0]).toBe(ids[1]);
  expect(await untilJobEnded(stack, ids[0] ?? "")).toMatchObject({ status: "succeeded", source });
  const refused = await runFerry(["job", "start", `${source}?${sas}`, args[3] ?? ""], { env });
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr).not.toContain("sig=");
});

test.each<[string, string[], RegExp]>([
  ["no order", ["job"], /^Usage: ferry job/],
  ["an unknown order", ["job", "strat"], /unknown command 'strat'\n\(Did you mean start\?\)/],
  ["no destination", ["job", "start", "https://a/b"], /missing required argument 'destination'/],
  [
    "a size that is none",
    ["job", "start", "a", "b", "--min-size", "1MB"],
    /It must be a number of bytes/,
  ],
  [
    "a type that is none",
    ["job", "start", "a", "b", "--type", "Blob"],
    /Allowed choices are BlockBlob/,
  ],
  ["a wrong status", ["job", "list", "--status", "done"], /Allowed choices are planning/],
  ["no id", ["job", "pause"], /missing required argument 'id'/],
  ["an id that is none", ["job", "run", "../x"], /no id of a job has/],
  [
    "a secret in the report",
    ["job", "start", "https://a/b", "https://c/d", "--report", "https://e/f?sig=canary"],
    /Cannot take a SAS/,
  ],
])("wrong arguments exit with 2: %s", async (_, args, message) => {
  const calls: string[] = [];
  const url = await startFixedApp((request, response) => {
    calls.push(request.url ?? "");
    response.end();
  });
  const { code, stdout, stderr } = await runFerry(args, { env: { FERRY_URL: url } });
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain("canary");
  expect({ code, stdout, calls }).toEqual({ code: 2, stdout: "", calls: [] });
});

test("a job that the app rejects exits with 4, and names the arguments and flags", async () => {
  const { stack, run } = await startJobs(immediately, { blobs: 0 });
  const inbox = placeUrl(stack, "inbox/");
  const { code, stderr } = await run(
    "start",
    inbox,
    `${inbox}a/`,
    "--include",
    "**a",
    "--concurrency",
    "9999",
  );
  expect(code).toBe(4);
  expect(stderr).toMatch(/^ {2}--concurrency .+$/m);
  expect(stderr).toMatch(/^ {2}<destination> is inside the source$/m);
});

test("names of a server are printed escaped in job show, list and wait", async () => {
  const hostile = "a\u001b]0;pwned\u0007\u202e\u200b\n";
  const failures = [{ ...jobExample.failures[0], name: hostile, message: hostile, fix: hostile }];
  const job = { ...jobExample, status: "failed", destination: hostile, failures };
  const url = await startFixedApp((request, response) => {
    const items = [{ ...job, objects: { planned: 1, copied: 0, failed: 1 } }];
    sendJson(response, request.url === "/api/jobs" ? { items, nextCursor: null } : job);
  });
  for (const args of [["show", job.id], ["wait", job.id], ["list"]]) {
    const { stdout, stderr } = await runFerry(["job", ...args], { env: { FERRY_URL: url } });
    expect(stdout).toContain("\\u001b]0;pwned\\u0007\\u202e\\u200b\\u000a");
    expect(stdout + stderr).not.toMatch(/[^\n\u0020-\u007e]/);
  }
});
