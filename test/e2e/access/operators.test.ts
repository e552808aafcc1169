import { expect, test } from "vitest";
import { startStack } from "../../support/stack/test-stack.ts";

/* The app role Ferry.Operator. */

const roleType = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";
const encode = (principal: unknown) => Buffer.from(JSON.stringify(principal)).toString("base64");
const signedIn = (id: string, principal: unknown, provider = "aad") => ({
  "x-ms-client-principal-id": id,
  "x-ms-client-principal-idp": provider,
  ...(principal === undefined ? {} : { "x-ms-client-principal": encode(principal) }),
});
const withRole = (typ: string, val: string) => ({
  auth_typ: "aad",
  claims: [
    { typ: "name", val: "Ferry.Operator" },
    { typ, val },
  ],
  name_typ: "name",
  role_typ: roleType,
});
const environment = { WEBSITE_AUTH_ENABLED: "True", COPY_OPERATORS: "aad/ops" };

test("the app role of Microsoft Entra makes a caller an operator; similar claims do not", async () => {
  const stack = await startStack({ environment });
  const source = await stack.upload("inbox/film.mp4", "film");
  const destination = stack.blob("archive/film.mp4").url;
  const alice = signedIn("alice", undefined);
  const { id } = await stack.start({ source: source.url, destination }, alice);
  await stack.untilEnded(id, 1, alice);
  const sees = async (headers: Record<string, string>) => {
    const { status } = await stack.call("GET", `/copies/${id}`, { headers });
    const { json } = await stack.call("GET", "/copies", { headers });
    return [status, json.items.length];
  };
  const all = [200, 1];
  expect(await sees(alice)).toEqual(all);
  expect(await sees(signedIn("bob", withRole("roles", "Ferry.Operator")))).toEqual(all);
  expect(await sees(signedIn("bob", withRole(roleType, "Ferry.Operator")))).toEqual(all);
  expect(await sees(signedIn("ops", undefined))).toEqual(all);

  const strangers = [
    signedIn("bob", undefined),
    signedIn("bob", withRole("roles", "Ferry.Reader")),
    signedIn("bob", withRole("roles", "ferry.operator")),
    signedIn("bob", withRole("groups", "Ferry.Operator")),
    signedIn("bob", withRole("roles", "Ferry.Operator"), "github"),
    signedIn("", withRole("roles", "Ferry.Operator")),
    signedIn("bob", { claims: { typ: "roles", val: "Ferry.Operator" } }),
    signedIn("bob", { claims: [null, "Ferry.Operator", { val: "Ferry.Operator" }] }),
    signedIn("bob", null),
    { ...signedIn("bob", undefined), "x-ms-client-principal": "not base64 {" },
    { "x-ms-client-principal": encode(withRole("roles", "Ferry.Operator")) },
  ];
  for (const headers of strangers) expect(await sees(headers)).toEqual([404, 0]);
});

test("without App Service authentication the role is ignored, because every caller can send the header", async () => {
  const stack = await startStack();
  const headers = signedIn("bob", withRole("roles", "Ferry.Operator"));
  expect((await stack.call("GET", "/copies", { headers })).json).toEqual({
    items: [],
    nextCursor: null,
  });
});

test.each([
  ["succeeded", {}],
  ["failed", { overwrite: "fail" }],
  ["aborted", {}],
])(
  "the record of a copy that %s belongs to its caller, even without its history",
  async (status, options) => {
    const copies = { bytesPerSecond: 1_000 };
    const stack = await startStack({ environment, copies });
    const source = await stack.upload("inbox/film.mp4", Buffer.alloc(10_000));
    const destination = stack.blob("archive/film.mp4").url;
    if (status === "failed") await stack.upload("archive/film.mp4", "older");
    const alice = signedIn("alice", undefined);
    const { id } = await stack.start({ source: source.url, destination, options }, alice);
    if (status === "aborted") await stack.call("POST", `/copies/${id}/abort`, { headers: alice });
    expect(await stack.untilEnded(id, 1, alice)).toMatchObject({ status });
    await fetch(`${stack.local.host.url}/runtime/webhooks/durabletask/instances/${id}`, {
      method: "DELETE",
    });
    expect(await stack.get(id, alice)).toMatchObject({ id, status });
    for (const headers of [{}, signedIn("bob", undefined)]) {
      for (const [method, path] of [
        ["GET", `/copies/${id}`],
        ["GET", `/copies/${id}/timeline`],
        ["POST", `/copies/${id}/abort`],
        ["POST", `/copies/${id}/retry`],
        ["DELETE", `/copies/${id}`],
      ] as const) {
        expect((await stack.call(method, path, { headers })).status, path).toBe(404);
      }
      expect((await stack.call("GET", "/copies", { headers })).json.items).toEqual([]);
    }
  },
);
