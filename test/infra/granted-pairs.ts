import type { Resource } from "./bicep.ts";
import { appSettings } from "./policies.ts";

/**
 * Compares COPY_ALLOWED and COPY_ROUTES with the roles: the source of a pair has a role for reading, its destination a role
 * for writing. The roles come from the same parameters, by another path through the templates.
 */
export function grantProblems(predicted: readonly Resource[]): string[] {
  const settings = appSettings(predicted);
  const list = (name: string) =>
    JSON.parse(settings[name] ?? "[]") as Record<string, string | undefined>[]; // the templates' own JSON
  const ends = [
    ...list("COPY_ALLOWED").map(({ from, to }) => ["COPY_ALLOWED", from, to] as const),
    ...list("COPY_ROUTES").map(
      ({ source, destination }) => ["COPY_ROUTES", source, destination] as const,
    ),
  ];
  return ends.flatMap(([setting, from = "", to = ""]) => [
    ...(!isStorage(from) || hasRole(predicted, from, /, to read a source/)
      ? []
      : [`${setting} reads ${from}, and no role lets the app read it`]),
    ...(hasRole(predicted, to, /, to write a destination/)
      ? []
      : [`${setting} writes ${to}, and no role lets the app write it`]),
  ]);
}

const isStorage = (url: string) => /\.(blob|file)\.core\.windows\.net\//.test(url);

function hasRole(predicted: readonly Resource[], url: string, why: RegExp): boolean {
  const [, account, service, place] =
    /^https:\/\/(\w+)\.(blob|file)\.[^/]+\/([^/]+)/.exec(url) ?? [];
  const folder =
    service === "file" ? "fileServices/default/shares" : "blobServices/default/containers";
  const scope = `/storageAccounts/${account}/${folder}/${place}/providers/`;
  return predicted.some(
    ({ type, id, properties }) =>
      type === "Microsoft.Authorization/roleAssignments" &&
      id.includes(scope) &&
      why.test(JSON.stringify(properties)),
  );
}
