import { expect, test } from "vitest";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* A blob of the ledger that an operator or a tool has damaged is named in an error with a fix, and affects only its copy. */

const damages = ["", "not json", "null", "[]", "5"];

const sentence = (name: string) =>
  `Cannot read the ledger in the app's own storage account because its blob ferry-ledger/${name} is damaged; restore an earlier version of the blob, or delete it while no copy or job that uses it is running`;

/** A copy that takes ten minutes, and its request. */
async function startFilm(stack: TestStack, headers: Record<string, string> = {}) {
  const source = await stack.upload("inbox/film", Buffer.alloc(600_000));
  const body = { source: source.url, destination: stack.blob("archive/film").url };
  const { id } = await stack.start(body, headers);
  await stack.clock.advance(30_000);
  return { id, body };
}

/** Overwrites the one blob below the prefix, and keeps its columns. Returns its name. */
async function damage(stack: TestStack, prefix: string, text: string): Promise<string> {
  const ledger = stack.container("ferry-ledger");
  const names: string[] = [];
  for await (const { name } of ledger.listBlobsFlat({ prefix })) names.push(name);
  expect(names).toHaveLength(1);
  const [name = ""] = names;
  const { metadata = {} } = await ledger.getBlobClient(name).getProperties();
  await ledger.getBlockBlobClient(name).upload(text, text.length, { metadata });
  return name;
}

const errors = (stack: TestStack) =>
  stack.log.filter(({ level }) => level === "error").map(({ message }) => message);

test.each([...damages, '{"outcome":5}', '{"outcome":{}}', '{"attempt":"x"}', '{"plan":5}'])(
  "a record that is %j is named, and the list shows the other copies",
  async (text) => {
    const stack = await startStack({ copies: { bytesPerSecond: 1_000 } });
    const film = await startFilm(stack);
    const name = await damage(stack, "records/", text);
    const source = await stack.upload("inbox/note", "note");
    const other = await stack.start({
      source: source.url,
      destination: stack.blob("archive/note").url,
    });
    await stack.clock.advance(60_000);
    for (const query of ["", "?status=succeeded"]) {
      const list = await stack.call("GET", `/copies${query}`);
      expect(list.status).toBe(200);
      const items: { id: string }[] = list.json.items;
      expect(items.map(({ id }) => id)).toEqual([other.id]);
    }
    expect(errors(stack)).toContain(`Cannot list copy ${film.id}: ${sentence(name)}`);
    const found = await stack.call("GET", `/copies/${film.id}`);
    expect(found.status).toBe(503);
    expect(found.json.detail).toContain(sentence(name));
  },
);

test.each([...damages, "{}", '{"instanceId":"x"}'])(
  "a lock that is %j is named by the watchdog and by a copy that waits for it",
  async (text) => {
    const stack = await startStack({ copies: { bytesPerSecond: 1_000 } });
    const film = await startFilm(stack);
    const name = await damage(stack, "locks/", text);
    const waiting = await stack.start({ ...film.body, options: { ifBusy: "wait" } });
    await stack.clock.advance(5 * 60_000);
    expect((await stack.get(waiting.id)).warning).toContain(sentence(name));
    await stack.clock.advance(60 * 60_000);
    expect(errors(stack)).toContain(`Cannot check the copy of lock ${name}: ${sentence(name)}`);
  },
);

test.each([...damages, "{}", '{"instanceId":"x","fingerprint":"y"}'])(
  "a claim that is %j is named to a caller that repeats the request",
  async (text) => {
    const stack = await startStack({ copies: { bytesPerSecond: 1_000 } });
    const headers = { "idempotency-key": "film" };
    const film = await startFilm(stack, headers);
    const name = await damage(stack, "claims/", text);
    const repeated = await stack.call("POST", "/copies", { body: film.body, headers });
    expect(repeated.status).toBe(503);
    expect(repeated.json.detail).toContain(sentence(name));
  },
);
