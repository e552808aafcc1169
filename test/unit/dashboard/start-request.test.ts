import { expect, test } from "vitest";
import {
  buildRequest,
  choices,
  emptyForm,
  fieldOf,
  formOf,
  problemText,
} from "../../../src/dashboard/page/state/start-request.ts";
import { optionsShape } from "../../../src/copy/request/copy-options.ts";

const form = { ...emptyForm, source: "https://a/b/c", destination: "https://d/e/f" };

test("a form without options is a request without options", () => {
  expect(buildRequest(form)).toEqual({
    ok: true,
    request: { source: form.source, destination: form.destination },
  });
});

test("chosen options and further options are sent together, and the app checks them", () => {
  const built = buildRequest({
    ...form,
    overwrite: "always",
    tier: "Cool",
    options: '{"tags": {"team": "video"}, "colour": "red"}',
  });
  expect(built).toMatchObject({
    ok: true,
    request: {
      options: { overwrite: "always", tier: "Cool", tags: { team: "video" }, colour: "red" },
    },
  });
});

test.each(["{", "[]", "7", "null", '"x"'])("further options must be an object: %s", (options) => {
  expect(buildRequest({ ...form, options })).toEqual({
    ok: false,
    problems: [{ pointer: "/options", message: expect.stringContaining("must be a JSON object") }],
  });
});

test.each([
  ["/source", "source"],
  ["/destination", "destination"],
  ["/options/overwrite", "overwrite"],
  ["/options/tier", "tier"],
  ["/options/tags/team", "options"],
  ["/options/constructor", "options"],
  ["/options", "options"],
  ["/route", null],
  ["", null],
])("a problem at %j is shown at %s", (pointer, field) => {
  expect(fieldOf(pointer)).toBe(field);
});

test("the form offers only values that the app accepts", () => {
  for (const [name, offered] of Object.entries(choices)) {
    const field = optionsShape.shape[name as keyof typeof choices]; // the names of the form
    for (const value of offered) expect(field.safeParse(value).success, value).toBe(true);
    expect(field.safeParse("other").success).toBe(false);
  }
});

test("a problem in the further options names its option, because they share one field", () => {
  const message = "is not a field of this request";
  expect(problemText({ pointer: "/options/tag", message })).toBe(`tag: ${message}`);
  expect(problemText({ pointer: "/options/tags/team", message })).toBe(`tags/team: ${message}`);
  expect(problemText({ pointer: "/options", message })).toBe(message);
  expect(problemText({ pointer: "/options/tier", message })).toBe(message);
  expect(problemText({ pointer: "/source", message })).toBe(message);
});

test("the form that repeats a copy with changes has the source and the destination of the copy", () => {
  const { source, destination } = form;
  expect(formOf({ source, destination })).toEqual(form);
  expect(formOf(null)).toEqual(emptyForm);
});
