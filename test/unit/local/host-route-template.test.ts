import fc from "fast-check";
import { expect, test } from "vitest";
import {
  compareRoutes,
  matchRoute,
  parseRoute,
} from "../../../src/local/host/http/route-pattern.ts";

test.each([
  ["api/copies", "/API/Copies/", {}],
  ["copies/{id}", "/copies/a%20b", { id: "a b" }],
  ["copies/{id}", "/copies/a%2Fb", { id: "a%2Fb" }],
  ["copies/{id}", "/copies/100%", { id: "100%" }],
  ["copies/{id}", "/copies", undefined],
  ["copies/{id}", "/copies//", undefined],
  ["copies/{id}", "/copies/a/b", undefined],
  ["copies/{id?}", "/copies", {}],
  ["copies/{id=5}", "/copies", { id: "5" }],
  ["files/{*rest}", "/files/a/b%20c", { rest: "a/b c" }],
  ["files/{**rest}", "/files", {}],
  ["{name}.{extension}", "/film.old.mp4", { name: "film.old", extension: "mp4" }],
  ["v{major:int}-x", "/v12-X", { major: "12" }],
  ["v{major:int}-x", "/vtwo-x", undefined],
  ["{n:int:min(2):max(4)}", "/3", { n: "3" }],
  ["{n:int:min(2):max(4)}", "/5", undefined],
  ["{n:range(2,4)}", "/1", undefined],
  ["{n:long}", "/4294967296", { n: "4294967296" }],
  ["{n:int}", "/4294967296", undefined],
  [
    "{id:guid}",
    "/3F2504E0-4F89-11D3-9A0C-0305E82C3301",
    { id: "3F2504E0-4F89-11D3-9A0C-0305E82C3301" },
  ],
  ["{id:guid}", "/3F2504E0", undefined],
  ["{b:bool}", "/True", { b: "True" }],
  ["{a:alpha:length(2,3)}", "/abcd", undefined],
  ["{a:minlength(2):maxlength(3)}", "/ab", { a: "ab" }],
  ["{d:datetime}", "/2026-01-01", { d: "2026-01-01" }],
  ["{x:double}", "/-1.5e3", { x: "-1.5e3" }],
  ["{code:regex(^\\d{{2}}$)}", "/12", { code: "12" }],
  ["{code:regex(^\\d{{2}}$)}", "/123", undefined],
  ["", "/", {}],
])("%s with %s", (template, path, params) => {
  expect(matchRoute(parseRoute(template), path)).toEqual(params);
});

test("literal text wins over parameters, constrained over unconstrained ones, catch-alls come last", () => {
  const sorted = ["a/{b}", "{*x}", "a/{b:int}", "{x}/b", "a/b", "a/{b}-{c}"]
    .map(parseRoute)
    .toSorted(compareRoutes)
    .map(({ template }) => template);
  expect(sorted).toEqual(["a/b", "a/{b:int}", "a/{b}-{c}", "a/{b}", "{x}/b", "{*x}"]);
});

test("any parameter value arrives unchanged when it is encoded", () => {
  const route = parseRoute("copies/{id}/abort");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (id) => {
      fc.pre(!id.includes("/"));
      const path = `/copies/${encodeURIComponent(id)}/abort`;
      expect(matchRoute(route, path)).toEqual({ id });
    }),
  );
});

test.each([
  ["a/{b", "a brace is not closed"],
  ["a//b", "it has an empty segment"],
  ["{a}/{A}", `the parameter "a" appears twice`],
  ["{*rest}/b", "must come last"],
  ["a{b?}", "an optional parameter must be a whole segment"],
  ["{b:color}", `it contains the unknown constraint "color"`],
])("an invalid template is rejected with the reason: %s", (template, reason) => {
  expect(() => parseRoute(template)).toThrow(reason);
});
