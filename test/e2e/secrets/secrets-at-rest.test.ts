import { expect, test } from "vitest";
import { collectStored, findSecret } from "../../support/stack/stored-secrets.ts";
import { secondAccount, startStack } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(100_000, "film");

test("no secret of a caller is persisted, logged or returned, whether the copy succeeds or fails", async () => {
  const stack = await startStack({ persistent: true, copies: { bytesPerSecond: 10_000 } });
  const source = await stack.upload("inbox/film.mp4", film, secondAccount);
  const good = await stack.readSas(source);
  const expired = await stack.readSas(source, { expiresAt: stack.clock.now() - 1_000 });
  const forged = good.replace(/sig=[^&]+/, "sig=Zm9yZ2VkZm9yZ2VkZm9yZ2VkZm9yZ2VkZm9yZ2VkZm8%3D");
  const write = await stack.readSas(stack.blob("archive/by-sas.mp4"), { permissions: "racwd" });
  const to = (name: string) => stack.blob(`archive/${name}`).url;
  const secrets = [good, expired, forged, write].map(
    (url) => new URL(url).searchParams.get("sig") ?? "",
  );
  expect(new Set(secrets.map(({ length }) => length > 40)).size).toBe(1);

  const responses: string[] = [];
  const send = async (body: unknown, headers: Record<string, string> = {}) => {
    const response = await stack.call("POST", "/copies", { body, headers });
    responses.push(response.text, JSON.stringify([...response.headers]));
    return response;
  };
  const started = [
    await send({ source: good, destination: to("good.mp4") }, { "idempotency-key": "k" }),
    await send({ source: good, destination: write }),
    await send({ source: good, destination: to("aborted.mp4") }),
    await send({ source: expired, destination: to("expired.mp4") }),
    await send({ source: forged, destination: to("forged.mp4") }),
  ];
  expect(started.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
  const rejected = [
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
  for (const { status } of rejected) expect([400, 403, 409]).toContain(status);

  await stack.clock.advance(3_000);
  await stack.call("POST", `/copies/${started[2]?.json.id}/abort`);
  const results = [];
  for (const { json } of started) results.push(await stack.untilEnded(json.id));
  responses.push(JSON.stringify(results));
  expect(results.map(({ status, error }) => error?.cause ?? status)).toEqual([
    "succeeded",
    "succeeded",
    "aborted",
    "source-sas-expired",
    "source-unauthorized",
  ]);

  const stored = await collectStored(stack, responses);
  expect([...stored.keys()]).toEqual(
    expect.arrayContaining(["file storage.sqlite", "file task-hub.sqlite"]),
  );
  const found = secrets.flatMap((secret) => findSecret(secret, stored));
  expect(found).toEqual([]);
  // The search itself works: it finds public values in the same places.
  expect([...stored].filter(([, bytes]) => bytes.includes("by-sas.mp4")).length).toBeGreaterThan(3);
});

test("without a sealing key, a request with a SAS is rejected with its fix, and one without a SAS is accepted", async () => {
  const stack = await startStack({ environment: { COPY_SECRET_KEYS: " " } });
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4").url;
  const withSas = { source: await stack.readSas(source), destination };
  const rejected = await stack.call("POST", "/copies", { body: withSas });
  expect(rejected.status).toBe(400);
  expect(rejected.json.fix).toContain("COPY_SECRET_KEYS");
  expect(rejected.json.errors).toEqual([{ pointer: "/source", message: "contains a SAS" }]);
  await stack.start({ source: source.url, destination });
});
