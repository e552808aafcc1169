import { expect, test } from "vitest";
import { parseListQuery, writeListCursor } from "../../src/http/list-query.ts";
import { isPosition } from "../../src/ledger/instance-id.ts";

const parse = (query: string) => parseListQuery(new URLSearchParams(query), isPosition);
const problemsOf = (query: string) => {
  const parsed = parse(query);
  return parsed.ok ? [] : parsed.problems.map(({ message }) => message);
};
const none = { status: null, source: null, destination: null };
const position = "79221/fe5e0a2b3c4d-01a1f5d4-c3b2-7000-8000-000000000000";

test("without parameters, a list has 50 copies and no filter", () => {
  expect(parse("")).toEqual({ ok: true, query: { ...none, limit: 50, startFrom: null } });
});

test("the function key in the query is not a parameter of the list", () => {
  expect(parse("code=abc&clientId=x")).toMatchObject({ ok: true });
});

test.each(["1", "9", "10", "49", "50"])("limit %s is accepted", (limit) => {
  expect(parse(`limit=${limit}`)).toMatchObject({ query: { limit: Number(limit) } });
});

test.each(["0", "51", "100", "-1", "05", "1e1", "1.5", "", " 1", "0x1", "NaN", "٣"])(
  "limit %j is rejected",
  (limit) => {
    const message = "limit must be a number from 1 to 50";
    expect(problemsOf(`limit=${encodeURIComponent(limit)}`)).toEqual([message]);
  },
);

test.each(["running", "succeeded", "skipped", "failed", "aborted"])("status %s", (status) => {
  expect(parse(`status=${status}`)).toMatchObject({ query: { status } });
});

test.each(["queued", "copying", "aborting", "Running", "", "toString"])(
  "status %j is rejected",
  (status) => {
    const message = "status must be one of running, succeeded, skipped, failed, aborted";
    expect(problemsOf(`status=${status}`)).toEqual([message]);
  },
);

test("scheme and host of a prefix are compared in lower case, as Ferry stores them", () => {
  const prefix = "HTTPS://Acct.Blob.Core.Windows.Net/In/Film";
  expect(parse(`source=${prefix}&destination=${prefix}/`)).toMatchObject({
    query: {
      source: "https://acct.blob.core.windows.net/In/Film",
      destination: "https://acct.blob.core.windows.net/In/Film/",
    },
  });
});

test.each([
  ["acct.blob.core.windows.net", "must begin with https:// or http://"],
  ["", "must begin with https:// or http://"],
  ["https://", "must begin with https:// or http://"],
  [`https://a/${"x".repeat(2_039)}`, "must have at most 2048 characters"],
  ["https://a/b?sv=1&sig=secret", "must not contain a SAS"],
  ["https://a/b%3Fsv=1%26sig=secret", "must not contain a SAS"],
  ["https://a/b%253Fsig%253Dsecret", "must not contain a SAS"],
  ["https://a/b;sig=secret", "must not contain a SAS"],
  ["https://a/b?SIG=secret", "must not contain a SAS"],
])("the prefix %s %s", (prefix, message) => {
  const query = `source=${encodeURIComponent(prefix)}`;
  expect(problemsOf(query)).toEqual([`source ${message}`]);
  expect(JSON.stringify(problemsOf(query))).not.toContain("secret");
});

test("a cursor continues the list with the same filters, and another limit", () => {
  const filters = { ...none, status: "failed", source: "https://a/" } as const;
  const cursor = writeListCursor(position, filters);
  expect(parse(`status=failed&source=https://a/&limit=3&cursor=${cursor}`)).toEqual({
    ok: true,
    query: { ...filters, limit: 3, startFrom: position },
  });
  for (const other of [
    "",
    "status=failed&",
    "status=running&source=https://a/&",
    "source=https://a/&",
  ]) {
    expect(problemsOf(`${other}cursor=${cursor}`)).toEqual([
      "cursor belongs to a list with other filters; start again without it",
    ]);
  }
});

const valid = writeListCursor(position, none);
const encode = (text: string) => Buffer.from(text).toString("base64url");
const hash = Buffer.from(valid, "base64url").toString().slice(0, 16);

test.each([
  "",
  "x",
  "null",
  encode("x"),
  encode(hash),
  encode(`${hash} `),
  encode(`${hash} ../locks/x`),
  encode(`${hash} ../locks/${position}`),
  encode(`${hash} ${position.toUpperCase()}`),
  encode(`${hash} ${position} x`),
  encode(`${hash} 79221/fe5e0a2b3c4d`),
  encode(` ${position}`),
  `${valid}=`,
  `${valid}x`,
  valid.slice(1),
  "A".repeat(100_000),
])("the cursor %j is malformed", (cursor) => {
  const message = "cursor must be a nextCursor that this app returned";
  expect(problemsOf(`cursor=${encodeURIComponent(cursor)}`)).toEqual([message]);
});

test("all problems are reported together, and unknown or repeated parameters by name", () => {
  expect(problemsOf("status=x&limit=0&cursor=y&page=2&status=y&sig%3Dsecret=1&source=x")).toEqual([
    "status must be sent once",
    "page is not a parameter of this request",
    "(name not shown) is not a parameter of this request",
    "status must be one of running, succeeded, skipped, failed, aborted",
    "source must begin with https:// or http://",
    "limit must be a number from 1 to 50",
    "cursor must be a nextCursor that this app returned",
  ]);
});
