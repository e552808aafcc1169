import { expect, test } from "vitest";
import { createEvent, deliver, inboxRoutes, untilAllEnded } from "../../support/stack/events.ts";
import { createStackFiles } from "../../support/stack/stack-files.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/*
 * Goal: a caller along a route cannot make the route's next copies onto the same name fail, and a caller of a pair
 * cannot change who may use the files at its destination.
 */

const blobs = "http://127.0.0.1:10000/devstoreaccount1";
const shares = "http://127.0.0.1:10003/devstoreaccount1";
const sealing = { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") };
const withFiles = { COPY_EMULATOR_FILES: "http://127.0.0.1:10003" };

const started = ({ local }: TestStack) =>
  local.emulator.requests.filter(({ operation }) => /^Copy(Blob|File)$/.test(operation ?? ""));

async function startRoute(route: object) {
  return await startStack({
    environment: { ...sealing, COPY_ALLOWED: "[]" },
    settings: { ...withFiles, ...inboxRoutes(route) },
    copies: { finishOnStart: "always" },
  });
}

test("a caller along a route cannot archive its destination, so the next event's copy succeeds", async () => {
  const stack = await startRoute({ options: { overwrite: "always" } });
  const monday = await stack.upload("inbox/daily.csv", "monday");
  const along = { source: monday.url, route: "films" };
  for (const overwrite of [{}, { tier: "Archive" }]) {
    const body = { ...along, options: { tier: "Archive", ...overwrite } };
    const { status, json } = await stack.call("POST", "/copies", { body });
    expect(status).toBe(403);
    expect(json.errors).toEqual([
      {
        pointer: "/options/tier",
        message:
          'can have this value only if the route "films" sets it, because Storage does not overwrite an archived blob',
      },
    ]);
  }
  const cool = await stack.start({ ...along, options: { tier: "Cool" } });
  expect((await stack.untilEnded(cool.id, 1)).status).toBe("succeeded");
  await stack.clock.advance(10_000);
  const tuesday = await stack.upload("inbox/daily.csv", "tuesday");
  await deliver(stack, [await createEvent(tuesday, { at: stack.clock.now() })]);
  const copies = await untilAllEnded(stack, 2);
  expect(copies.map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
  expect((await stack.blob("archive/daily.csv").downloadToBuffer()).toString()).toBe("tuesday");
});

test("a route that sets the tier Archive itself archives what it copies", async () => {
  const stack = await startRoute({ options: { tier: "Archive" } });
  const source = await stack.upload("inbox/daily.csv", "monday");
  const { id } = await stack.start({ source: source.url, route: "films" });
  expect((await stack.untilEnded(id, 1)).status).toBe("succeeded");
  expect((await stack.blob("archive/daily.csv").getProperties()).accessTier).toBe("Archive");
});

test("a caller along a route to a share can neither make its file read-only nor overwrite a read-only one", async () => {
  const stack = await startRoute({
    destination: `${shares}/shelf/{path}`,
    options: { overwrite: "always" },
  });
  const files = createStackFiles(stack);
  await files.createFolders("shelf/daily.csv");
  const source = await stack.readSas(await stack.upload("inbox/daily.csv", "monday"));
  const post = (file: object) =>
    stack.call("POST", "/copies", { body: { source, route: "films", options: { file } } });
  const refused = await post({ attributes: ["ReadOnly"], ignoreReadOnly: true });
  expect(refused.status).toBe(403);
  expect(refused.json.errors).toMatchObject([
    { pointer: "/options/file/attributes" },
    { pointer: "/options/file/ignoreReadOnly" },
  ]);
  expect(started(stack)).toHaveLength(0);
  const hidden = await post({ attributes: ["Hidden"] });
  expect(hidden.status).toBe(202);
  expect((await stack.untilEnded(hidden.json.id, 1)).status).toBe("succeeded");
  const { id } = await stack.start({ source, route: "films" });
  expect((await stack.untilEnded(id, 1)).status).toBe("succeeded");
});

const powerful = [
  { owner: { user: "0", group: "0" }, mode: "4755" },
  { mode: "0644" },
  { permission: { sddl: "O:SYG:SYD:(A;;FA;;;WD)" } },
];

test.each(powerful)(
  "a pair without the word permissions does not grant %j, and its default permissions still work",
  async (file) => {
    const pair = { from: `${blobs}/inbox`, to: `${shares}/shelf` };
    const stack = await startStack({
      environment: sealing,
      settings: { ...withFiles, COPY_ALLOWED: JSON.stringify([pair]) },
      copies: { finishOnStart: "always" },
    });
    const files = createStackFiles(stack);
    await files.createFolders("shelf/tool");
    const source = await stack.readSas(await stack.upload("inbox/tool", "#!/bin/sh"));
    const post = (options: object) => {
      const body = { source, destination: files.file("shelf/tool").url, options };
      return stack.call("POST", "/copies", { body });
    };
    const { status, json } = await post({ file });
    expect(status).toBe(403);
    expect(json.errors).toEqual(
      Object.keys(file).map((name) => ({
        pointer: `/options/file/${name}`,
        message:
          'needs "permissions" in the "allow" list of a pair in COPY_ALLOWED that contains the source and the destination',
      })),
    );
    expect(started(stack)).toHaveLength(0);
    const usual = await post({ overwrite: "always" });
    expect((await stack.untilEnded(usual.json.id, 1)).status).toBe("succeeded");
    const [call] = started(stack);
    const sent = Object.keys(call?.headers ?? {});
    expect(sent.filter((name) => /owner|group|mode|permission/.test(name))).toEqual([]);
  },
);

test("a pair with the word permissions grants an owner and a mode", async () => {
  const pair = { from: `${blobs}/inbox`, to: `${shares}/nfs`, allow: ["permissions"] };
  const stack = await startStack({
    environment: sealing,
    settings: { ...withFiles, COPY_ALLOWED: JSON.stringify([pair]) },
    copies: { finishOnStart: "always" },
  });
  const files = createStackFiles(stack);
  await files.share("nfs").create({ protocols: { nfsEnabled: true } });
  const source = await stack.readSas(await stack.upload("inbox/tool", "#!/bin/sh"));
  const file = { owner: { user: "0", group: "0" }, mode: "4755" };
  const body = { source, destination: files.file("nfs/tool").url, options: { file } };
  const { id } = await stack.start(body);
  expect((await stack.untilEnded(id, 1)).status).toBe("succeeded");
  expect(started(stack)[0]?.headers).toMatchObject({ "x-ms-owner": "0", "x-ms-mode": "4755" });
});
