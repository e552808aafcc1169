import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { startExternalServer } from "../../support/servers/outside.ts";
import { collectStored, findSecret } from "../../support/stack/stored-secrets.ts";
import { secondAccount, startStack } from "../../support/stack/test-stack.ts";
import type { ApiResponse, TestStack } from "../../support/stack/test-stack.ts";

/*
 * Goal: no secret leaks. Method: put a random secret into every place of a request, on every path through the app.
 * Then search everything that was written, logged or returned for each of them, in many encodings.
 */
const film = Buffer.alloc(100_000, "film");
const busy = { response: { status: 503, code: "ServerBusy" } };

afterEach(() => vi.restoreAllMocks());

test("no secret is stored, logged or returned, from any place of a request and after any failure", async () => {
  const printed = printedLines();
  const canaries = new Map<string, string>();
  /** A random secret with characters that URLs and JSON encode. */
  const canary = (place: string) => {
    const secret = `${randomBytes(15).toString("hex")}+/"${randomBytes(6).toString("hex")}`;
    canaries.set(place, secret);
    return secret;
  };
  /** A secret of letters and digits, for places that accept nothing else. */
  const plainCanary = (place: string) => {
    const secret = `x${randomBytes(15).toString("hex")}`;
    canaries.set(place, secret);
    return secret;
  };
  const key = randomBytes(32).toString("base64");
  canaries.set("the key that seals", key);
  const environment = { COPY_SECRET_KEYS: key, WEBSITE_AUTH_ENABLED: "true" };
  const stack = await startStack({
    persistent: true,
    copies: { bytesPerSecond: 10_000 },
    environment,
  });
  const responses: string[] = [];
  const record = ({ text, headers }: ApiResponse) =>
    responses.push(text, JSON.stringify([...headers]));
  const post = async (body: unknown, headers: Record<string, string> = {}, query = "") => {
    const content = typeof body === "string" ? { raw: body } : { body };
    const response = await stack.call("POST", `/copies${query}`, { ...content, headers });
    record(response);
    return response;
  };
  const source = await stack.upload("inbox/film.mp4", film, secondAccount);
  const own = (await stack.upload("inbox/film.mp4", film)).url;
  const signed = async (place: string) => {
    // Different expiry times give different signatures.
    const expiresAt = stack.clock.now() + 86_400_000 + canaries.size * 1_000;
    const url = await stack.readSas(source, { expiresAt });
    canaries.set(place, new URL(url).searchParams.get("sig") ?? "");
    return url;
  };
  const to = (name: string) => stack.blob(`archive/${name}`).url;
  const written = async (name: string, place: string) => {
    const url = await stack.readSas(stack.blob(`archive/${name}`), { permissions: "racwd" });
    canaries.set(place, new URL(url).searchParams.get("sig") ?? "");
    return url;
  };
  const forged = (place: string) =>
    `${source.url}?sv=2026-10-06&sp=r&sr=b&se=2026-12-31&sig=${encodeURIComponent(canary(place))}`;

  // Rejected when the request is read.
  const query = (text: string) => `${own}?${text}`;
  const encodedCanary = (place: string) => encodeURIComponent(canary(place));
  const refusals: [body: unknown, headers?: Record<string, string>][] = [
    [{ source: query(`token=${encodedCanary("a parameter's value")}`), destination: to("a") }],
    [{ source: query(`${encodedCanary("a parameter's name")}=1`), destination: to("a") }],
    [{ source: query(`${plainCanary("a plain parameter's name")}0123=1`), destination: to("a") }],
    [{ source: query(`sig=${encodedCanary("a repeated sig")}&sig=1`), destination: to("a") }],
    [{ source: own, destination: `${to("a")}#${encodedCanary("a fragment")}` }],
    [{ source: own.replace("//", `//me:${encodedCanary("a password")}@`), destination: to("a") }],
    [{ source: own.replace("//", `//${encodedCanary("a user")}@`), destination: to("a") }],
    [{ source: `${own}%3Fsv=1&sig=${encodedCanary("a SAS behind %3F")}`, destination: to("a") }],
    [{ source: `${own}%3fsig=${encodedCanary("a SAS behind %3f")}`, destination: to("a") }],
    [{ source: own, destination: to("a"), [canary("a field's name")]: 1 }],
    [{ source: own, destination: to("a"), extra: canary("an unknown field's value") }],
    [{ source: own, destination: to("a"), options: { [canary("an option's name")]: 1 } }],
    [{ source: own, destination: to("a"), options: { overwrite: canary("overwrite") } }],
    [{ source: own, destination: to("a"), options: { tier: canary("tier") } }],
    [{ source: own, destination: to("a"), options: { metadata: canary("metadata's type") } }],
    [
      {
        source: own,
        destination: to("a"),
        options: { metadata: { [canary("a metadata name")]: "x", b: `é${canary("a bad value")}` } },
      },
    ],
    ...Object.entries({
      tags: { [canary("a tag's name")]: "x", b: `é${canary("a tag's value")}` },
      rehydratePriority: canary("rehydratePriority"),
      destinationLease: canary("an invalid lease id"),
      sourceConditions: { ifMatch: `${canary("an ETag")} `, [canary("a condition's name")]: 1 },
      destinationConditions: { ifTags: `${canary("an expression")}é` },
      immutabilityPolicy: { until: canary("until"), mode: canary("a policy's mode") },
      file: {
        permission: { sddl: `é${canary("a permission")}` },
        attributes: [canary("an attribute")],
        creationTime: canary("a time"),
        [canary("a file option's name")]: 1,
      },
    }).map(([name, value]): [unknown] => [
      { source: own, destination: to("a"), options: { [name]: value } },
    ]),
    [{ source: query(`snapshot=${encodedCanary("a snapshot")}`), destination: to("a") }],
    [{ source: query(`sharesnapshot=${encodedCanary("a share snapshot")}`), destination: to("a") }],
    [{ source: canary("a source that is not a URL"), destination: [canary("a destination")] }],
    [{ source: `https://x.example/?sig=${encodedCanary("another host")}`, destination: to("a") }],
    [`{"source":"${canary("JSON that does not parse")}`],
    [plainCanary("a body that is not JSON")],
    [
      { source: own, destination: to("a") },
      { "content-type": `text/${plainCanary("a content type")}` },
    ],
    [
      { source: own, destination: to("a") },
      { "idempotency-key": `k ${plainCanary("a bad Idempotency-Key")}` },
    ],
    [
      {
        source: to("a"),
        destination: `${source.url}?sig=${encodedCanary("a pair that is not allowed")}`,
      },
    ],
  ];
  for (const [body, headers] of refusals) {
    expect([400, 403, 415]).toContain((await post(body, headers)).status);
  }

  // Accepted, on every path that a copy can take.
  const caller = { "x-ms-client-principal-id": plainCanary("a principal") };
  const headers = {
    ...caller,
    authorization: `Bearer ${plainCanary("Authorization")}`,
    "x-functions-key": plainCanary("x-functions-key"),
    cookie: `session=${plainCanary("a cookie")}`,
    "idempotency-key": plainCanary("an Idempotency-Key"),
    "x-ms-client-principal": plainCanary("a principal's claims"),
  };
  const functionKey = `?code=${plainCanary("a function key in the URL")}`;
  const metadata = { note: plainCanary("a metadata value, stored by design") };
  const accept = async (body: Record<string, unknown>) =>
    (await post(body, caller)).json.id as string;
  const { emulator } = stack.local;

  const good = { source: await signed("a SAS"), destination: to("good"), options: { metadata } };
  const ids = [(await post(good, headers, functionKey)).json.id as string];
  // The same key again, with another secret and with another request.
  await post({ ...good, source: await signed("a fresh SAS") }, headers, functionKey);
  await post({ source: await signed("a SAS under a used key"), destination: to("b") }, headers);
  ids.push(
    await accept({
      source: await signed("a SAS to read with"),
      destination: await written("c", "a SAS to write with"),
    }),
    await accept({ source: forged("a forged SAS"), destination: to("d") }),
    await accept({
      source: await signed("a SAS in addition to a forged one"),
      destination: `${to("e")}?sv=2026-10-06&sr=b&sp=racwd&se=2026-12-31&sig=${encodedCanary("a forged SAS to write with")}`,
    }),
  );

  // Storage refuses the call, and quotes the request.
  const quoted = {
    status: 409,
    code: "Odd",
    message: `Cannot read ?sig=${encodedCanary("Storage's words")}`,
  };
  const quotes = emulator.faults.add({ operation: "CopyBlob", times: 2, do: { response: quoted } });
  ids.push(await accept({ source: await signed("a SAS that is rejected"), destination: to("f") }));
  await stack.clock.settled();
  quotes();

  // The ledger fails before a copy, and during one.
  const ledger = ({ target }: { target: string }) => target.includes("ferry-ledger");
  const noLedger = emulator.faults.add({ match: ledger, do: busy });
  const unavailable = { source: await signed("a SAS without a ledger"), destination: to("g") };
  const key2 = { "idempotency-key": plainCanary("an Idempotency-Key without a ledger") };
  expect((await post(unavailable, key2)).status).toBe(503);
  noLedger();
  ids.push(
    await accept({ source: await signed("a SAS while the ledger fails"), destination: to("h") }),
  );
  await stack.clock.advance(2_000);
  const noLedgerLater = emulator.faults.add({ match: ledger, do: busy });
  await stack.clock.advance(60_000);
  noLedgerLater();

  // The start gets no response; an activity throws; an instance is terminated; the key is lost.
  emulator.faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
  ids.push(await accept({ source: await signed("a SAS, no response"), destination: to("i") }));
  failOneLine(stack);
  ids.push(await accept({ source: await signed("a SAS, activity throws"), destination: to("j") }));
  const terminated = await accept({
    source: await signed("a SAS, terminated"),
    destination: to("k"),
  });
  await terminate(stack, terminated, plainCanary("not a secret: an operator's reason"));
  canaries.delete("not a secret: an operator's reason");
  // Until the restart, its source cannot be read.
  emulator.faults.add({ operation: "GetBlobProperties", do: busy });
  const lost = await accept({ source: await signed("a SAS, key lost"), destination: to("l") });
  process.env["COPY_SECRET_KEYS"] = randomBytes(32).toString("base64");
  await stack.restart();
  await stack.clock.advance(60_000);
  const stuck = await stack.call("GET", `/copies/${lost}`, { headers: caller });
  record(stuck);
  expect(stuck.json.warning).toContain("COPY_SECRET_KEYS");
  process.env["COPY_SECRET_KEYS"] = key;
  await stack.restart();

  record(await stack.call("POST", `/copies/${ids.at(-1)}/abort${functionKey}`, { headers }));
  const results: string[] = [];
  for (const id of [...ids, terminated, lost]) {
    await stack.untilEnded(id, 24, caller);
    const response = await stack.call("GET", `/copies/${id}${functionKey}`, { headers });
    record(response);
    results.push(response.json.error?.cause ?? response.json.status);
  }
  // A plan, the list with filters that it rejects, timelines, retries and a deletion.
  const planned = {
    source: await signed("a SAS of a dry run"),
    destination: to("m"),
    dryRun: true,
  };
  expect((await post(planned, caller)).status).toBe(200);
  const sas = new URL(await signed("a SAS in a filter")).search.slice(1);
  for (const query of [
    "limit=50",
    `source=${encodeURIComponent(`${source.url}?${sas}`)}`,
    `cursor=${encodedCanary("a cursor")}`,
    `status=${encodedCanary("a status")}`,
    `${encodedCanary("a parameter of the list")}=1`,
  ]) {
    const response = await stack.call("GET", `/copies?${query}`, { headers: caller });
    expect(response.status).toBe(query === "limit=50" ? 200 : 400);
    record(response);
  }
  for (const id of ids) {
    record(await stack.call("GET", `/copies/${id}/timeline`, { headers: caller }));
    const again = await stack.call("POST", `/copies/${id}/retry`, { headers: caller });
    record(again);
    if (again.status === 202)
      record(await stack.call("GET", `/copies/${again.json.id}`, { headers: caller }));
  }
  record(await stack.call("DELETE", `/copies/${ids[0]}`, { headers: caller }));
  await stack.clock.advance(60_000);

  // Each path was taken.
  expect(stack.log.map(({ message }) => message).join()).toMatch(/settleCopy failed in/);
  expect(results).toEqual(
    expect.arrayContaining(["succeeded", "source-unauthorized", "destination-unauthorized"]),
  );

  const places = await collectStored(stack, responses);
  places.set("printed", Buffer.from(printed.join("\n")));
  const kept = "a metadata value, stored by design";
  const found = [...canaries].flatMap(([place, secret]) =>
    place === kept ? [] : findSecret(secret, places).map((where) => `${place} in ${where}`),
  );
  expect(found).toEqual([]);
  // The search itself works: it finds a value that is stored by design.
  expect(findSecret(canaries.get(kept) ?? "", places).length).toBeGreaterThan(1);
  expect(canaries.size).toBeGreaterThan(40);
});

test("the query of a source outside Storage is sent to Storage only", async () => {
  const printed = printedLines();
  const { origin, requests } = await startExternalServer({ "/film.mp4": film });
  const stack = await startStack({
    persistent: true,
    copies: { bytesPerSecond: 10_000 },
    environment: { COPY_SECRET_KEYS: randomBytes(32).toString("base64") },
    settings: {
      COPY_ALLOWED: JSON.stringify([
        { from: origin, to: "http://127.0.0.1:10000/devstoreaccount1" },
      ]),
    },
  });
  const canaries = ["good", "missing", "aborted", "not allowed", "not a path"].map(
    (place) => [place, `x${randomBytes(15).toString("hex")}`] as const,
  );
  const [good, missing, aborted, elsewhere, hidden] = canaries.map(([, secret]) => secret);
  const responses: string[] = [];
  const post = async (source: string, name: string) => {
    const body = { source, destination: stack.blob(`archive/${name}`).url };
    const response = await stack.call("POST", "/copies", { body });
    responses.push(response.text);
    return response;
  };
  const ids: string[] = [];
  for (const [path, name] of [
    [`/film.mp4?X-Amz-Signature=${good}&x=1&x=2`, "good"],
    [`/none.mp4?sig=${missing}`, "missing"],
    [`/film.mp4?${aborted}`, "aborted"],
  ] as const) {
    const response = await post(`${origin}${path}`, name);
    expect([response.status, response.json.source]).toEqual([
      202,
      `${origin}${path.split("?")[0]}`,
    ]);
    ids.push(response.json.id);
  }
  expect((await post(`https://x.example/?${elsewhere}`, "d")).status).toBe(400);
  expect((await post(`${origin}/%2f%zz?${hidden}`, "e")).status).toBe(400);
  await stack.call("POST", `/copies/${ids[2]}/abort`);
  const results: string[] = [];
  for (const id of ids) {
    await stack.untilEnded(id);
    const response = await stack.call("GET", `/copies/${id}`);
    responses.push(response.text);
    results.push(response.json.error?.cause ?? response.json.status);
    expect(response.json.error?.fix ?? "plain GET").toContain("plain GET"); // and mentions neither a role nor a SAS
  }
  expect(results).toEqual(["succeeded", "source-not-found", "aborted"]);
  expect(requests.join()).toContain(good); // Storage received it
  const places = await collectStored(stack, responses);
  places.set("printed", Buffer.from(printed.join("\n")));
  // Storage stores the URL that it must read.
  for (const name of places.keys()) if (name.startsWith("file storage.sqlite")) places.delete(name);
  const found = canaries.flatMap(([place, secret]) =>
    findSecret(secret, places).map((where) => `${place} in ${where}`),
  );
  expect(found).toEqual([]);
});

test("the recorded histories contain no signature", () => {
  const folder = new URL("../../replay/histories", import.meta.url).pathname;
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".jsonl"),
  );
  expect(files.length).toBeGreaterThan(10);
  for (const file of files) {
    expect(readFileSync(join(folder, file), "utf8"), file).not.toMatch(/sig(=|%3d)|c2lnP/i);
  }
});

function printedLines(): string[] {
  const lines: string[] = [];
  for (const name of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, name).mockImplementation((...words) => void lines.push(words.join(" ")));
  }
  return lines;
}

/** Fails settle's log line once, which makes the activity throw. */
function failOneLine(stack: TestStack): void {
  const push = stack.log.push.bind(stack.log);
  vi.spyOn(stack.log, "push").mockImplementation((...entries) => {
    if (!entries.some(({ message }) => /^Copy .* succeeded$/.test(message))) {
      return push(...entries);
    }
    stack.log.push = push;
    throw new Error("The disk is full");
  });
}

async function terminate(stack: TestStack, id: string, reason: string): Promise<void> {
  const instance = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${id}`;
  await fetch(`${instance}/terminate?reason=${reason}`, { method: "POST" });
  await stack.clock.settled();
}
