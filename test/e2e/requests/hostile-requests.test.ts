import { readFile } from "node:fs/promises";
import { Agent, request as httpRequest } from "node:http";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { grants } from "../../../src/copy/request/grants.ts";
import { anyId, hostileRequests } from "../../support/requests/hostile-requests.ts";
import type { HostileRequest } from "../../support/requests/hostile-requests.ts";
import { jsonOf } from "../../support/host/host.ts";
import { copyAsked } from "../../support/requests/valid-copy.ts";
import type { WireRequest } from "../../support/requests/valid-copy.ts";
import { openStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";
import { sized } from "../../support/campaign-size.ts";
import { seedFor } from "../../support/seeds.ts";

/*
 * Thousands of hostile requests over keep-alive connections. HOSTILE_SEED=<seed> repeats a run.
 * `valid-copy.ts`, which shares no code with the product, decides which copies may be started.
 */
const seed = seedFor("HOSTILE_SEED");
const requestsInAll = sized({ small: 3_000, full: 24_000 });
const requestsAtOnce = 50;
/** Corrupted requests are often still valid; copies take much more time than rejections. */
const mostStarted = sized({ small: 40, full: 300 });
const connections = 8;

type Answer = { status: number; type: string; text: string };

/** The routes of local.settings.json, which grant every option: intact requests may use each one. */
async function grantingRoutes(): Promise<string> {
  const { Values } = JSON.parse(await readFile("local.settings.json", "utf8"));
  const routes: object[] = JSON.parse(Values.COPY_ROUTES);
  return JSON.stringify(routes.map((route) => ({ ...route, allow: grants })));
}

const agent = new Agent({ keepAlive: true, maxSockets: connections });
let world: TestStack;
beforeAll(async () => {
  world = await openStack({ settings: { COPY_ROUTES: await grantingRoutes() } });
});
afterAll(async () => {
  agent.destroy();
  await world.close();
});

test(
  `${requestsInAll} hostile requests get correct responses and start only valid copies (HOSTILE_SEED=${seed})`,
  { timeout: 600_000 },
  async () => {
    const { emulator } = world.local;
    const hostile = hostileRequests(emulator);
    const started = new Map<string, WireRequest>();
    const deleted = new Set<string>();
    const met = new Map<string, number>();
    const count = (what: string) => met.set(what, (met.get(what) ?? 0) + 1);
    const hurl = async (each: HostileRequest) => {
      const id = [...started.keys()].at(-1) ?? "none";
      const sent = { ...each, path: each.path.replaceAll(anyId, id) };
      const answer = await send(sent);
      count(String(answer.status));
      expectHonest(sent, answer);
      if (each.intact) expect([202, 200]).toContain(answer.status);
      if (answer.status === 204 && sent.method === "DELETE") deleted.add(id);
      if (answer.status !== 202 || /\/abort\/?$/i.test(sent.path)) return;
      if (/\/retry\/?$/i.test(sent.path)) {
        const { id: again, retryOf } = JSON.parse(answer.text);
        const first = started.get(retryOf);
        expect(first, `retry of ${retryOf}`).toBeDefined();
        if (first !== undefined) started.set(again, first);
        return;
      }
      expect(copyAsked(sent, emulator), `started by ${describeRequest(sent)}`).not.toBeNull();
      started.set(JSON.parse(answer.text).id, sent);
    };
    for (let left = requestsInAll, batch = seed; left > 0; batch++) {
      const drawn = fc.sample(hostile, { seed: batch, numRuns: requestsAtOnce });
      const sent = drawn.filter(
        (request) => started.size < mostStarted || copyAsked(request, emulator) === null,
      );
      await Promise.all(sent.map(hurl));
      left -= sent.length;
    }

    await world.clock.settled();
    const instances = `${world.local.host.url}/runtime/webhooks/durabletask/instances/?showInput=true&top=100000`;
    const runs = await jsonOf(fetch(instances));
    const ids = runs.map(({ instanceId }: { instanceId: string }) => instanceId);
    const kept = [...started.keys()].filter((id) => !deleted.has(id));
    expect(ids.toSorted()).toEqual(kept.toSorted());
    for (const { instanceId, input } of runs) {
      const request = started.get(instanceId);
      const asked = request === undefined ? null : copyAsked(request, emulator);
      for (const end of ["source", "destination"] as const) {
        const { service, account, container, share, path } = input[end];
        expect([service, account, container ?? share, path]).toEqual(asked?.[end]);
      }
    }
    // The campaign was effective: every kind of response occurred, and enough requests were valid.
    const statuses = "200 202 204 400 403 404 405 411 413 415 421".split(" ");
    for (const status of statuses) {
      expect(met.get(status) ?? 0, `answers ${status}`).toBeGreaterThan(
        sized({ small: 2, full: 20 }),
      );
    }
    console.info(`${started.size} copies started; responses ${JSON.stringify([...met])}`);
  },
);

/** Checks that there is no 500, and that every rejection of the app has problem details. */
function expectHonest(sent: WireRequest, { status, type, text }: Answer): void {
  const about = `${status} ${type} ${text.slice(0, 300)} for ${describeRequest(sent)}`;
  expect(status, about).toBeLessThan(500);
  expect(status, about).toBeGreaterThanOrEqual(200);
  if (sent.method === "HEAD") return;
  if (status < 300) {
    if (sent.path === "/" || status === 204) return; // the host's own page, and a response to OPTIONS
    expect(JSON.parse(text), about).toBeTypeOf("object");
    return;
  }
  if (status === 421) return expect(type, about).toMatch(/^text\/plain/);
  // The host rejects requests that reach no function, with an empty body.
  if (text === "" && !isPlainlyTheApps(sent)) return;
  expect(type, about).toBe("application/problem+json");
  expect(JSON.parse(text), about).toMatchObject({
    status,
    type: expect.stringMatching(/^urn:ferry:problem:[a-z-]+$/),
    title: expect.stringMatching(/./),
    detail: expect.stringMatching(/./),
  });
}

function isPlainlyTheApps({ method, path, headers }: WireRequest): boolean {
  const own =
    /^\/api\/(copies|copies\/[\w-]+|copies\/[\w-]+\/(abort|retry|timeline)|health|openapi\.json)\/?(\?|$)/i.test(
      path,
    );
  const known = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].includes(method);
  return own && known && !("host" in headers);
}

function describeRequest({ method, path, headers, body }: WireRequest): string {
  const content = body === null ? "" : body.subarray(0, 1_000).toString();
  return `${method} ${path.slice(0, 200)} ${JSON.stringify(headers).slice(0, 400)} ${content}`;
}

/** A request that gets no response within ten seconds hangs. */
function send({ method, path, headers, body }: WireRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      agent,
      host: "127.0.0.1",
      port: world.local.host.port,
      method,
      path,
      headers: {
        ...(body === null || "transfer-encoding" in headers
          ? {}
          : { "content-length": body.length }),
        ...headers,
      },
      timeout: 10_000,
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("No response within ten seconds")));
    outgoing.on("error", (cause) =>
      reject(
        new Error(`Cannot send ${describeRequest({ method, path, headers, body })}`, { cause }),
      ),
    );
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () =>
        resolve({
          status: incoming.statusCode ?? 0,
          type: incoming.headers["content-type"] ?? "",
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    outgoing.end(body ?? undefined);
  });
}
