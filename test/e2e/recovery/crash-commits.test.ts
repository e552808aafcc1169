import { afterAll, expect, test } from "vitest";
import { hostProcesses } from "../../support/crash/crash-host.ts";
import { expectRightEnd } from "../../support/crash/crash-end.ts";
import { liveThrough } from "../../support/crash/crash-trial.ts";
import { isFullSize } from "../../support/campaign-size.ts";
import type { PlannedCopy } from "../../support/crash/crash-trial.ts";

/*
 * The host of one copy kills itself (SIGKILL) once at every commit of its task hub: before the commit, so
 * that its work is lost and repeated, and after it, so that no client gets the response. At small size it
 * kills itself at one commit of each kind, before it in one copy and after it in the other.
 */

const hosts = hostProcesses();
afterAll(() => hosts.close());

const everyCommitPoint = ["client request", "turn", "activity completion", "timer"].flatMap(
  (point) => [`before ${point}`, `after ${point}`],
);

/** The kinds of commit points of a campaign. At small size, an aborted copy is killed only after commits. */
const pointsToKill = (end: PlannedCopy["end"]): readonly string[] =>
  everyCommitPoint.filter(
    (point) => isFullSize || point.startsWith(end === "aborted" ? "after" : "before"),
  );

/** Indexes of passages. At small size the first of each kind, or the last where the copy is aborted. */
function passagesToKill(passages: readonly string[], end: PlannedCopy["end"]): readonly number[] {
  if (isFullSize) return [...passages.keys()];
  return pointsToKill(end).map((point) =>
    end === "aborted" ? passages.lastIndexOf(point) : passages.indexOf(point),
  );
}

test.each([
  { end: "succeeded", after: 20_000 },
  { end: "aborted", after: 12_000 },
] as const)(
  "a copy whose outcome should be $end has it after a kill at any commit",
  async ({ end, after }) => {
    const copies: PlannedCopy[] = [{ end, bytes: 10_000, at: 0, after, overwrites: false }];
    const calm = await liveThrough({ copies, kills: [], downtime: 0 }, hosts);
    expectRightEnd(calm);
    expect(new Set(calm.passages)).toEqual(new Set(everyCommitPoint));

    const met = new Map<string, number>();
    for (const nth of passagesToKill(calm.passages, end)) {
      const passage = calm.passages[nth] ?? "";
      const kills = [{ at: "commit point" as const, nth }];
      const trial = await liveThrough({ copies, kills, downtime: 1_000 }, hosts);
      const where = `killed ${passage}, which is passage ${nth}`;
      expect(trial.deaths, where).toMatchObject([{ point: passage }]);
      expectRightEnd(trial, where);
      met.set(passage, (met.get(passage) ?? 0) + 1);
    }
    console.table([...met].map(([killed, times]) => ({ copy: end, killed, times })));
    for (const point of pointsToKill(end)) expect(met.get(point), point).toBeGreaterThan(0);
    expect(calm.passages.length).toBeGreaterThanOrEqual(30);
  },
  600_000,
);
