import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { baselineCommit } from "../../package/baseline.ts";
import { rebuildPackage } from "../../package/rebuild.ts";
import { appDirectory } from "../../support/app-directory.ts";
import { startListener } from "../../support/servers/listener.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { CopyBody, TestStack } from "../../support/stack/test-stack.ts";
import { linesOf } from "../../support/telemetry/lines.ts";

/*
 * Goal: a new version of the app continues the copies of the previous one, and the previous version continues them
 * again when the new version is backed out. Method: 20 copies in different states on the local engine, which fails an
 * instance as soon as its history and the code differ; in between, the app is stopped and another build is started on
 * the same state.
 */

const minute = 60_000;
const film = Buffer.alloc(600_000, "film");
let folder = "";
let baseline = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ferry-upgrade-"));
  baseline = join(folder, "package");
  rebuildPackage(baselineCommit, baseline);
  // The earlier version gets its own settings, because it rejects words that later versions have added.
  const settings = execFileSync("git", ["show", `${baselineCommit}:local.settings.json`]);
  writeFileSync(join(baseline, "local.settings.json"), settings);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How many copies of each kind run when the app is replaced. */
const kinds = { plain: 8, waiting: 4, aborting: 3, rollback: 3, sas: 2 } as const;

/** `copyId`: null for one that waits. */
type Running = {
  kind: keyof typeof kinds;
  id: string;
  destination: string;
  copyId: string | null;
};

/** Starts the copies and lets a part of each pass. */
async function startCopies(stack: TestStack): Promise<Running[]> {
  const source = await stack.upload("inbox/film.mp4", film);
  const elsewhere = await stack.upload("inbox/film.mp4", film, "devstoreaccount2");
  const sas = await stack.readSas(elsewhere, { expiresAt: stack.clock.now() + 24 * 60 * minute });
  const started: Omit<Running, "copyId">[] = [];
  for (const kind of Object.keys(kinds) as Running["kind"][]) {
    for (let number = 0; number < kinds[kind]; number++) {
      // The waiting copies have the destinations of plain ones.
      const name = kind === "waiting" ? `plain-${number}` : `${kind}-${number}`;
      const { url } =
        kind === "rollback"
          ? await stack.upload(`archive/${name}`, "former")
          : stack.blob(`archive/${name}`);
      const options = {
        plain: {},
        aborting: {},
        sas: {},
        waiting: { ifBusy: "wait", overwrite: "always" },
        rollback: { overwrite: "always", rollback: "snapshot" },
      }[kind];
      const from = kind === "sas" ? sas : source.url;
      const { id } = await stack.start({ source: from, destination: url, options });
      started.push({ kind, id, destination: `archive/${name}` });
    }
  }
  await stack.clock.advance(30_000);
  const running: Running[] = [];
  for (const each of started) {
    const { copyId, status } = await stack.get(each.id);
    expect(status).toBe(each.kind === "waiting" ? "queued" : "copying");
    running.push({ ...each, copyId });
  }
  return running;
}

async function abortSome(stack: TestStack, running: readonly Running[]): Promise<void> {
  for (const { kind, id } of running) {
    if (kind !== "aborting" && kind !== "rollback") continue;
    expect((await stack.call("POST", `/copies/${id}/abort`)).status).toBe(202);
  }
  await stack.clock.settled();
}

async function expectAllEnded(stack: TestStack, running: readonly Running[]): Promise<void> {
  const ended: (Running & { copy: CopyBody })[] = [];
  for (const each of running) ended.push({ ...each, copy: await stack.untilEnded(each.id) });
  for (const { kind, copy, copyId, destination } of ended) {
    const isAborted = kind === "aborting" || kind === "rollback";
    expect(copy, `${kind}: ${JSON.stringify(copy)}`).toMatchObject({
      status: isAborted ? "aborted" : "succeeded",
      residue: [],
      error: null,
      // A copy that was started again would have another copyId.
      copyId: copyId ?? expect.any(String),
    });
    const blob = stack.blob(destination);
    if (kind === "aborting") expect(await blob.exists()).toBe(false);
    else {
      const content = kind === "rollback" ? Buffer.from("former") : film;
      expect((await blob.downloadToBuffer()).equals(content)).toBe(true);
    }
  }
  const url = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/?top=1000`;
  const instances = (await (await fetch(url)).json()) as { runtimeStatus: string }[]; // Durable's management API
  expect(new Set(instances.map(({ runtimeStatus }) => runtimeStatus))).toEqual(
    new Set(["Completed"]),
  );
  expect(instances).toHaveLength(running.length);
  for await (const { name } of stack.container("ferry-ledger").listBlobsFlat()) {
    expect(name).not.toMatch(/^(locks|outbox|queue)/);
  }
}

async function start(options: { appDirectory: string }) {
  const topic = await startListener();
  const stack = await startStack({
    ...options,
    persistent: true,
    settings: { COPY_NOTICE_TOPIC: topic.url, COPY_NOTICE_TOPIC_KEY: "k" },
    copies: { bytesPerSecond: 5_000 }, // two minutes
  });
  return { topic, stack };
}

test("an upgrade under 20 running copies strands none, starts none twice and loses no notification", async () => {
  const { stack, topic } = await start({ appDirectory: baseline });
  const running = await startCopies(stack);
  await stack.restart(appDirectory);
  await abortSome(stack, running);
  await expectAllEnded(stack, running);
  await stack.clock.advance(60 * minute);
  const told = topic.delivery.map(({ body }) => String(JSON.parse(body).data.id));
  expect(told.toSorted()).toEqual(running.map(({ id }) => id).toSorted());
  const lines = linesOf(stack.log, "ferry.copy.ended");
  expect(lines.map(({ instanceId }) => String(instanceId)).toSorted()).toEqual(
    running.map(({ id }) => id).toSorted(),
  );
}, 120_000);

test("a back-out under 20 running copies also strands none", async () => {
  const { stack, topic } = await start({ appDirectory });
  const running = await startCopies(stack);
  await abortSome(stack, running.slice(0, -3));
  await stack.restart(baseline);
  await abortSome(stack, running.slice(-3));
  await stack.clock.advance(minute);
  await stack.restart(appDirectory);
  await expectAllEnded(stack, running);
  expect(topic.delivery).toHaveLength(running.length);
}, 120_000);
