import { expect, test } from "vitest";
import { problem, problems } from "../../src/http/problem.ts";
import type { ProblemType } from "../../src/http/problem.ts";

/* Every rejected request says what to do. */

const types = Object.keys(problems) as ProblemType[];

test.each(types)("the problem %s has a fix that does not repeat its title", (type) => {
  const { status, title, fix } = JSON.parse(String(problem(type, "Detail").body));
  expect(status).toBe(problems[type].status);
  expect(fix).toMatch(/^[A-Z].{10,}[^.]$/);
  expect(fix).not.toBe(title);
});

test("a response can have a better fix than its type", () => {
  const { fix } = JSON.parse(String(problem("not-allowed", "Detail", { fix: "Do this" }).body));
  expect(fix).toBe("Do this");
});
