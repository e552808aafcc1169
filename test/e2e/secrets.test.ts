import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { secondAccount, startWorld } from "../support/world.ts";
import type { TestWorld } from "../support/world.ts";

const film = Buffer.alloc(100_000, "film");

/** A secret as it may show up: as it is, in a URL, in base64 at each of its three alignments. */
function shapes(secret: string): string[] {
  const base64 = ["", "x", "xx"].map((before) => {
    const whole = Buffer.from(before + secret).toString("base64");
    return whole.slice(before.length === 0 ? 0 : 4, -4); // the edges hold neighbours' bits
  });
  return [
    secret,
    encodeURIComponent(secret),
    encodeURIComponent(encodeURIComponent(secret)),
    ...base64,
  ];
}

/** Everything that outlives a request: files, logs, answers, histories. */
async function everythingTold(world: TestWorld, answers: string[]): Promise<Map<string, Buffer>> {
  const told = new Map<string, Buffer>();
  told.set("answers", Buffer.from(answers.join("\n")));
  told.set("log", Buffer.from(JSON.stringify(world.log)));
  told.set("the emulator's record", Buffer.from(JSON.stringify(world.local.emulator.requests)));
  const instances = `${world.local.host.url}/runtime/webhooks/durabletask/instances/`;
  const list = await (await fetch(instances)).text();
  told.set("instances", Buffer.from(list));
  for (const { instanceId } of JSON.parse(list)) {
    const query = "?showHistory=true&showHistoryOutput=true&showInput=true";
    const history = await (await fetch(`${instances}${instanceId}${query}`)).text();
    told.set(`history of ${instanceId}`, Buffer.from(history));
  }
  const directory = world.stateDirectory ?? "";
  for (const name of readdirSync(directory)) {
    if (name !== "copy-secret-key") told.set(`file ${name}`, readFileSync(join(directory, name)));
  }
  return told;
}

test("no secret of a caller is persisted, logged or answered, whether its copy succeeds or fails", async () => {
  const world = await startWorld({ persistent: true, copies: { bytesPerSecond: 10_000 } });
  const source = await world.upload("inbox/film.mp4", film, secondAccount);
  const good = await world.readSas(source);
  const expired = await world.readSas(source, { expiresAt: world.clock.now() - 1_000 });
  const forged = good.replace(/sig=[^&]+/, "sig=Zm9yZ2VkZm9yZ2VkZm9yZ2VkZm9yZ2VkZm9yZ2VkZm8%3D");
  const write = await world.readSas(world.blob("archive/by-sas.mp4"), { permissions: "racwd" });
  const to = (name: string) => world.blob(`archive/${name}`).url;
  const secrets = [good, expired, forged, write].map(
    (url) => new URL(url).searchParams.get("sig") ?? "",
  );
  expect(new Set(secrets.map(({ length }) => length > 40)).size).toBe(1);

  const answers: string[] = [];
  const send = async (body: unknown, headers: Record<string, string> = {}) => {
    const answer = await world.call("POST", "/copies", { body, headers });
    answers.push(answer.text, JSON.stringify([...answer.headers]));
    return answer;
  };
  const started = [
    await send({ source: good, destination: to("good.mp4") }, { "idempotency-key": "k" }),
    await send({ source: good, destination: write }),
    await send({ source: good, destination: to("aborted.mp4") }),
    await send({ source: expired, destination: to("expired.mp4") }),
    await send({ source: forged, destination: to("forged.mp4") }),
  ];
  expect(started.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
  const refused = [
    await send({ source: good, destination: to("other.mp4") }, { "idempotency-key": "k" }),
    await send({ source: good, destination: good }),
    await send({ source: `${good}&extra=1`, destination: 7, [good]: 1 }),
    await send({
      source: to("x"),
      destination: write,
      options: { metadata: { a: good, [good]: "x" } },
    }),
    await send({ source: good.replace("inbox", "IN%zz"), destination: write }),
  ];
  for (const { status } of refused) expect([400, 403, 409]).toContain(status);

  await world.clock.advance(3_000);
  await world.call("POST", `/copies/${started[2]?.json.id}/abort`);
  const ended = [];
  for (const { json } of started) ended.push(await world.untilEnded(json.id));
  answers.push(JSON.stringify(ended));
  expect(ended.map(({ status, error }) => error?.cause ?? status)).toEqual([
    "succeeded",
    "succeeded",
    "aborted",
    "source-sas-expired",
    "source-unauthorized",
  ]);

  const told = await everythingTold(world, answers);
  expect([...told.keys()]).toEqual(
    expect.arrayContaining(["file storage.sqlite", "file task-hub.sqlite"]),
  );
  const found = secrets.flatMap((secret) =>
    shapes(secret).flatMap((shape) =>
      [...told].filter(([, bytes]) => bytes.includes(shape)).map(([place]) => `${place}: ${shape}`),
    ),
  );
  expect(found).toEqual([]);
  // The search itself works: what may be told is found in the same places.
  expect([...told].filter(([, bytes]) => bytes.includes("by-sas.mp4")).length).toBeGreaterThan(3);
});

test("without a key to seal with, a request with a SAS is refused with the fix, and one without is taken", async () => {
  const world = await startWorld({ environment: { COPY_SECRET_KEYS: " " } });
  const source = await world.upload("inbox/film.mp4", film);
  const destination = world.blob("archive/film.mp4").url;
  const withSas = { source: await world.readSas(source), destination };
  const refused = await world.call("POST", "/copies", { body: withSas });
  expect(refused.status).toBe(400);
  expect(refused.json.detail).toContain("COPY_SECRET_KEYS");
  expect(refused.json.errors).toEqual([{ pointer: "/source", message: "carries a SAS" }]);
  await world.start({ source: source.url, destination });
});
