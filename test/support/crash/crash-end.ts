import { expect } from "vitest";
import type { Trial } from "./crash-trial.ts";

/** Checks that every copy has its expected outcome, was started once and left nothing, however often the host died. */
export function expectRightEnd(trial: Trial, where = "without a kill"): void {
  for (const { plan, answer, starts, content, source } of trial.copies) {
    const about = `${where}: ${JSON.stringify({ plan, answer })}`;
    expect(answer.status, about).toBe(plan.end);
    const wasStarted = answer.copyId !== null;
    if (plan.end === "succeeded" || plan.end === "failed") expect(wasStarted, about).toBe(true);
    // An abort may come before the start: then Storage never receives the copy.
    expect(starts, `starts at Storage, ${about}`).toBe(wasStarted ? 1 : 0);
    if (plan.end === "succeeded") expect(content?.equals(source), `bytes, ${about}`).toBe(true);
    else if (plan.end === "skipped") expect(String(content), about).toBe("former");
    else expect(content, `stub, ${about}`).toBeNull();
    expect(answer.residue, about).toEqual([]);
  }
  expect(trial.locks, `locks, ${where}`).toEqual([]);
  // Neither lost nor started twice: one orchestration for each copy.
  const completed = trial.copies.map(() => "Completed");
  expect(trial.orchestrations, `orchestrations, ${where}`).toEqual(completed);
  expect(trial.errors, `errors in the log, ${where}`).toEqual([]);
  // The emulator keeps the last 1,000 requests: with more, the starts would be miscounted.
  expect(trial.requests, where).toBeLessThan(1_000);
}
