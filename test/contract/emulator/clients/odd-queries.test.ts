import { BlobSASPermissions } from "@azure/storage-blob";
import fc from "fast-check";
import { expect, test } from "vitest";
import { exchange, send } from "../../../support/host/raw-http.ts";
import { startStorage, uploadBlob } from "../../../support/stack/emulator.ts";

/* Every request gets a response: the emulator never breaks a connection because of a query. */

const get = (target: string) =>
  [`GET ${target} HTTP/1.1`, "Host: 127.0.0.1", "Connection: close", "", ""].join("\r\n");

test.each([
  "/devstoreaccount1/inn/a?sig=%zz",
  "/devstoreaccount1/inn/a?x=%ff",
  "/devstoreaccount1/inn/a?%ff",
  "/devstoreaccount1/inn/a?%ff=x",
  "/devstoreaccount1/inn/a?sv=%ff",
  "/devstoreaccount1/inn/a?sv=2026-10-06&sig=%",
  "/devstoreaccount1/inn?restype=container&comp=list&prefix=%E2%82",
  "/devstoreaccount1/inn?restype=container&comp=list&marker=%c0%80",
  "/devstoreaccount1/?comp=%u0041",
])("%s has an invalid query: 400 InvalidUri", async (target) => {
  const { emulator } = await startStorage();
  for (const port of [emulator.port, emulator.filePort]) {
    for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
      const response = await send(port, { method, path: target });
      expect(response.status).toBe(400);
      expect(response.headers["x-ms-error-code"]).toBe("InvalidUri");
    }
  }
});

test("a version in the query that no header can contain is not repeated", async () => {
  const { emulator } = await startStorage();
  for (const version of ["%0d%0aX-Evil:%201", "%00", "%e2%82%ac", ""]) {
    const target = `/devstoreaccount1/inn/a?sv=${version}`;
    const { head } = await exchange(emulator.port, get(target));
    expect(head).toMatch(/^HTTP\/1\.1 4/);
    expect(head).toMatch(/x-ms-version: \d{4}-\d\d-\d\d/);
    expect(head).not.toMatch(/evil/i);
  }
});

test.each(["text/html\r\nX-Evil: 1", "a\u0000b", "caf\u20ac"])(
  "a SAS that sets a response header to %j gets 400",
  async (contentType) => {
    const { service, emulator } = await startStorage();
    const blob = await uploadBlob(service, "abc");
    const url = await blob.generateSasUrl({
      permissions: BlobSASPermissions.parse("r"),
      expiresOn: new Date("2100-01-01T00:00:00Z"),
      contentType,
    });
    const { pathname, search } = new URL(url);
    const response = await send(emulator.port, { path: pathname + search });
    expect(response.status).toBe(400);
    expect(response.headers["x-ms-error-code"]).toBe("InvalidQueryParameterValue");
    expect(response.headers["x-evil"]).toBeUndefined();
  },
);

test("any query gets a response of Storage", async () => {
  const { emulator } = await startStorage();
  const piece = fc.constantFrom(
    ..."sig sv se sp sr prefix comp restype = & %zz %ff %E2%82 %00 %0d%0a % + ; list container a".split(
      " ",
    ),
  );
  const queries = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));
  await fc.assert(
    fc.asyncProperty(queries, async (query) => {
      const { head } = await exchange(emulator.port, get(`/devstoreaccount1/inn/a?${query}`));
      expect(head).toMatch(/^HTTP\/1\.1 (?!500)\d{3} /);
      expect(head).toContain("x-ms-request-id: ");
    }),
    { numRuns: 60 },
  );
});
