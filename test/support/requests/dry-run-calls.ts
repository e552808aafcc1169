import { expect } from "vitest";
import type { TestStack } from "../stack/test-stack.ts";

/** Whether each circumstance applies to a copy, by the texts of `when`. */
export type Facts = { exists?: boolean; busy?: boolean; aborted?: boolean };
const circumstances: Record<string, (facts: Facts) => boolean> = {
  "while the copy is pending": () => true,
  "when the copy has ended": () => true,
  "if the destination exists": ({ exists = false }) => exists,
  "if the app's identity is not allowed to read the source, which may be public": () => false,
  "if the app has no key of the account that lasts long enough": () => true,
  "if a copy that Ferry did not start is pending at the destination": ({ busy = false }) => busy,
  "if the copy is aborted": ({ aborted = false }) => aborted,
  "if the copy fails or is aborted, and left an empty blob or file where nothing was before": ({
    exists = false,
    aborted = false,
  }) => aborted && !exists,
  "if the copy fails or is aborted, and the destination existed before": ({
    exists = false,
    aborted = false,
  }) => aborted && exists,
};

type Call = { operation: string; url: string; authorization: string; when?: string | null };
const keyOf = ({ operation, url, authorization }: Call) =>
  `${operation.replaceAll(" ", "")} ${decodeURIComponent(url)} ${authorization}`;

/** The calls of the app after `before`, with the source's snapshot, but not those that Ferry takes. */
function received(
  { local }: TestStack,
  before: unknown,
  source: string,
): { calls: string[]; minted: URL[] } {
  const { requests, blobUrl, fileUrl } = local.emulator;
  const own = requests
    .slice(requests.findIndex((each) => each === before) + 1)
    .filter(({ url }) => !/^\/\w+\/(ferry-|azure-webjobs|testhub|ferry)/i.test(url));
  const minted = own.flatMap(({ headers }) => {
    const copied = headers["x-ms-copy-source"];
    return copied?.includes("skoid=") === true ? [new URL(copied)] : [];
  });
  const calls = own.map(({ service, operation, url: target, headers }) => {
    const url = new URL(target, service === "blob" ? blobUrl : fileUrl);
    const { searchParams: query, pathname, origin } = url;
    const snapshot = query.get("snapshot");
    const bare = `${origin}${pathname.replace(/\/$/, "")}`;
    const selected = `${bare}?snapshot=${encodeURIComponent(snapshot ?? "")}`;
    const sas = query.has("skoid") ? "minted-sas" : "request-sas";
    const identity = headers["authorization"] === undefined ? "none" : "app-identity";
    return keyOf({
      operation,
      url: decodeURIComponent(selected) === decodeURIComponent(source) ? source : bare,
      authorization: query.has("sig") ? sas : identity,
    });
  });
  return { calls: [...new Set(calls)].toSorted(), minted };
}

type Compared = { calls: string[]; mints: { url: string; permissions: string | null }[] };

/**
 * Plans the request and makes its copy. Returns the calls and each SAS of the plan and of the copy, which must be
 * equal. The call for a delegation key is compared only if both have it, because an earlier copy may have read the
 * key.
 */
export async function planAndCopy(
  stack: TestStack,
  request: { source: string; destination: string; options: object },
  { facts, source }: { facts: Facts; source: string },
): Promise<{ planned: Compared; made: Compared; reads: Call[] }> {
  const last = () => stack.local.emulator.requests.at(-1);
  const before = last();
  const dry = await stack.call("POST", "/copies", { body: { ...request, dryRun: true } });
  expect(dry.status, dry.text).toBe(200);
  expect(last()).toBe(before);
  const { id } = await stack.start(request);
  await stack.clock.advance(2_000);
  if (facts.aborted === true) await stack.call("POST", `/copies/${id}/abort`);
  const end = await stack.untilEnded(id);
  const status = facts.aborted === true ? "aborted" : "succeeded";
  expect(end.status, JSON.stringify(end.error)).toBe(status);
  const { calls, minted } = received(stack, before, source);
  const all: Call[] = [...dry.json.reads, ...dry.json.writes];
  const keys = new Set(all.map(keyOf).filter(isKey));
  const planned = all.filter(({ when = null }) => {
    if (when === null) return true;
    const holds = circumstances[when];
    if (holds === undefined) throw new Error(`Unknown circumstance: ${when}`);
    return holds(facts);
  });
  const mints: { url: string; permissions: string; validDays: number }[] = dry.json.mints;
  for (const { searchParams } of minted) {
    const lasts = Date.parse(searchParams.get("se") ?? "") - stack.clock.now();
    expect(lasts).toBeLessThanOrEqual((mints[0]?.validDays ?? 0) * 24 * 60 * 60_000);
  }
  return {
    planned: {
      calls: [...new Set(planned.map(keyOf))].filter((call) => !isKey(call)).toSorted(),
      mints: mints.map(({ url, permissions }) => ({
        url: decodeURIComponent(url).replace(/\?.*/, ""),
        permissions,
      })),
    },
    made: {
      calls: calls.filter((call) => !keys.has(call)),
      mints: minted.map((url) => ({
        url: decodeURIComponent(`${url.origin}${url.pathname}`),
        permissions: url.searchParams.get("sp"),
      })),
    },
    reads: dry.json.reads,
  };
}

const isKey = (call: string) => call.startsWith("GetUserDelegationKey");
