import { expect, test } from "vitest";
import type { Endpoint } from "../../../src/copy/location/endpoint.ts";
import { isWellNamed } from "../../../src/copy/location/well-named.ts";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

const oddPaths = [
  "../secret/film.mp4",
  "a/../../secret/film.mp4",
  "%2e%2e/secret/film.mp4",
  "a\\b",
  "a\tb",
  "half \ud800",
  "n".repeat(1_025),
  "",
];

test.each([
  ...oddPaths.map((path) => ({ path })),
  { container: "source/../secret" },
  { container: ".." },
  { container: "Source" },
  { container: "source?comp=acl" },
])("an orchestration that another client started with %j does not call Storage", async (odd) => {
  const storage = await startStorage();
  const steps = createSteps(storage);
  await uploadBlob(storage.service, "top secret", { container: "secret" });
  const source = await uploadBlob(storage.service, "film");
  const destination = storage.service.getContainerClient("source").getBlobClient("copy.mp4");
  const body = { source: source.url, destination: destination.url };
  const { instanceId, copy } = createCopyInput(storage, body);
  const before = storage.emulator.requests.length;
  for (const side of ["source", "destination"] as const) {
    const strange = { ...copy, [side]: { ...copy[side], ...odd } };
    expect(await steps.prepareCopy({ instanceId, copy: strange })).toMatchObject({
      kind: "failed",
      failure: { cause: "not-allowed" },
    });
    const plan = { source: { etag: null, length: null }, destinationEtag: null };
    expect(await steps.startCopy({ instanceId, copy: strange, plan })).toMatchObject({
      kind: "failed",
    });
  }
  const calls = storage.emulator.requests.slice(before).map(({ url }) => url);
  expect(calls.filter((url) => !url.includes("ferry-ledger"))).toEqual([]);
});

test("an external path has no query, no space and no other host", () => {
  const at = (path: string): Endpoint => ({
    service: "external",
    origin: "https://cdn.example",
    path,
  });
  for (const path of ["/a", "/a/../b", "/a%2Fb", "/"])
    expect(isWellNamed(at(path)), path).toBe(true);
  for (const path of [
    "",
    "a",
    "@evil.example/a",
    "/a?b",
    "/a#b",
    "/a b",
    "/\u00e9",
    "/a\\b",
    "/%zz",
  ]) {
    expect(isWellNamed(at(path)), path).toBe(false);
  }
});
