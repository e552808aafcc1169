import { afterAll, expect, test } from "vitest";
import { hostProcesses } from "../../support/crash/crash-host.ts";
import { expectRightEnd } from "../../support/crash/crash-end.ts";
import { liveThrough } from "../../support/crash/crash-trial.ts";
import { sized } from "../../support/campaign-size.ts";
import type { PlannedCopy } from "../../support/crash/crash-trial.ts";

/*
 * The host of one copy kills itself (SIGKILL) once at every commit of its task hub: before the commit, so
 * that its work is lost and repeated, and after it, so that no client gets the response. At small size it
 * kills itself at one commit of each kind.
 */

const hosts = hostProcesses();
afterAll(() => hosts.close());

const everyCommitPoint = ["client request", "turn", "activity completion", "timer"].flatMap(
  (point) => [`before ${point}`, `after ${point}`],
);

/** Indexes of passages. At small size the first of each kind, or the last where the copy is aborted. */
function passagesToKill(passages: readonly string[], end: PlannedCopy["end"]): readonly number[] {
  const full = [...passages.keys()];
  const small = everyCommitPoint.map((point) =>
    end === "aborted" ? passages.lastIndexOf(point) : passages.indexOf(point),
  );
  return sized({ small, full });
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
    for (const point of everyCommitPoint) expect(met.get(point), point).toBeGreaterThan(0);
    expect(calm.passages.length).toBeGreaterThanOrEqual(30);
  },
  600_000,
);
