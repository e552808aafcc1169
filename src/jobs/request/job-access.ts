import { checkFolderAccess } from "../../copy/routing/copy-access.ts";
import type { AccessDenial, AccessPolicy } from "../../copy/routing/copy-access.ts";
import { isAllowed } from "../../copy/request/access-policy.ts";
import { optionsOff } from "../../copy/request/copy-options.ts";
import type { Problem } from "../../copy/request/request-problem.ts";
import { isOwnState } from "../../copy/request/own-state.ts";
import type { Route } from "../../copy/routing/routes.ts";
import { identityOf } from "../../copy/location/endpoint.ts";
import type { EpochMs } from "../../copy/time.ts";
import { blobIn, placeUrl } from "../contract/job-input.ts";
import type { JobInput, JobPlace } from "../contract/job-input.ts";
import { folderOf, overlapIdentities, placeIdentity } from "./places.ts";

/**
 * Returns why the job is not allowed; null when it is. HTTP checks this before anything is written, and each run of the
 * activity checks it again, because the settings may have changed since. `now` is epoch ms.
 */
export function checkJobAccess(
  policy: AccessPolicy,
  job: Pick<JobInput, "source" | "destination" | "options" | "report">,
  now: EpochMs,
): AccessDenial | null {
  const { source, destination, report } = job;
  const options = { ...optionsOff, ...job.options };
  const folders = { source: folderOf(source), destination: folderOf(destination), options };
  const denial = checkFolderAccess(policy, folders, now);
  if (denial !== null) return denial;
  const problems = [
    ...routeProblems(policy, destination, "destination"),
    ...(report === null ? [] : reportProblems(policy, { source, report })),
  ];
  if (problems.length === 0) return null;
  const named = problems.map(({ pointer, message }) => `its ${pointer.slice(1)} ${message}`);
  return {
    reason: named.join(", "),
    fix: "Use another place for these fields, or ask an operator of the app to change COPY_ALLOWED or COPY_ROUTES",
    problems,
  };
}

/** Each blob that is written to the source of a route starts a copy along it. */
function routeProblems(
  { routes }: AccessPolicy,
  place: JobPlace,
  side: "destination" | "report",
): Problem[] {
  const identity = placeIdentity(place);
  const found = routes.find((route) => overlapIdentities(identity, routeIdentity(route)));
  if (found === undefined) return [];
  const message = `overlaps with the source of the route "${found.name}", which would copy each of its blobs`;
  return [{ pointer: `/${side}`, message }];
}

/** The text that the identities of all sources of the route begin with. */
function routeIdentity({ source: { origin, account, container }, sample, start }: Route): string {
  const { source } = sample;
  const emulated = source.service === "blob" && source.emulated;
  const place = {
    origin,
    account,
    container,
    secondary: false,
    emulated,
    service: "blob",
  } as const;
  // As in `placeIdentity`, repeated slashes are one, and none is at the beginning.
  const folded = start.source.replace(/\/+/g, "/").replace(/^\//, "");
  return identityOf(blobIn({ container: place }, folded));
}

/** The report contains the names of the source's blobs, so a pair must allow it. */
function reportProblems(
  policy: AccessPolicy,
  { source, report }: { source: JobPlace; report: JobPlace },
): Problem[] {
  const folders = { source: folderOf(source), destination: folderOf(report) };
  const refuse = (message: string) => [{ pointer: "/report", message }];
  if (isOwnState(policy.own, folders.destination)) {
    return refuse("is where this app and its host keep their state");
  }
  const granting = policy.allowed.filter(({ allow }) => allow.includes("report"));
  if (!isAllowed(granting, folders)) {
    return refuse(
      `needs a pair in COPY_ALLOWED with "report" in its "allow" list, from the job's source to ${placeUrl(report)}`,
    );
  }
  return routeProblems(policy, report, "report");
}
