import { expect, test } from "vitest";
import { problem, problems } from "../../src/http/problem.ts";
import type { ProblemType } from "../../src/http/problem.ts";

const bodyOf = (type: ProblemType, ...more: [{ fix: string }?]) =>
  JSON.parse(problem(type, "Detail", ...more).body as string); // it is always a text

/* Every rejected request says what to do. */

const types = Object.keys(problems) as ProblemType[];

test.each(types)("the problem %s has a fix that does not repeat its title", (type) => {
  const { status, title, fix } = bodyOf(type);
  expect(status).toBe(problems[type].status);
  expect(fix).toMatch(/^[A-Z].{10,}[^.]$/);
  expect(fix).not.toBe(title);
});

test("a response can have a better fix than its type", () => {
  const { fix } = bodyOf("not-allowed", { fix: "Do this" });
  expect(fix).toBe("Do this");
});
