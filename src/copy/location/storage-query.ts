import type { Destination } from "./endpoint.ts";
import { Sas, sasParameters } from "./sas.ts";

type Service = Destination["service"];

/** Query parameters that select a snapshot or version of a source; their values are times. */
const selectors = {
  blob: { snapshot: "snapshot", versionid: "version" },
  file: { sharesnapshot: "snapshot" },
} as const satisfies Record<Service, Record<string, string>>;

/** The form of the times by which Storage names snapshots and versions. */
export const storageTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/;

type Query = {
  selection: { snapshot?: string; version?: string };
  sas: Sas | null;
  problems: string[];
};

/** Splits a query, without its question mark, into the selector of a snapshot or version, and a SAS. */
export function splitQuery(text: string, service: Service): Query {
  const parameters = new URLSearchParams(text);
  const names = [...parameters.keys()];
  const problems: string[] = [];
  const selection: Query["selection"] = {};
  for (const [name, field] of Object.entries<"snapshot" | "version">(selectors[service])) {
    const value = parameters.get(name);
    if (value === null) continue;
    selection[field] = value;
    if (!storageTime.test(value)) {
      problems.push(
        `has a "${name}" that is not a time such as Storage returns (2026-11-20T12:00:00.0000000Z)`,
      );
    }
  }
  if (Object.keys(selection).length > 1) problems.push("names both a snapshot and a version");
  const rest = names.filter((name) => !Object.hasOwn(selectors[service], name));
  problems.push(...new Set(rest.filter((name) => !sasParameters.has(name)).map(unknownParameter)));
  if (new Set(names).size < names.length) problems.push("repeats a query parameter");
  // Storage writes no parameter without a value. "?name" may be the end of a name.
  if (rest.some((name) => sasParameters.has(name) && parameters.get(name) === "")) {
    problems.push("has a query parameter without a value");
  }
  if (rest.length === 0) return { selection, sas: null, problems };
  if (!rest.includes("sig")) problems.push('has a query without a signature ("sig")');
  return { selection, sas: new Sas(sasQuery(text, service)), problems };
}

/** Keeps each parameter as it was written, because encoding it again could break the signature. */
function sasQuery(text: string, service: Service): string {
  const isSelector = (pair: string) => {
    const [name = ""] = new URLSearchParams(pair).keys();
    return Object.hasOwn(selectors[service], name);
  };
  return text
    .split("&")
    .filter((pair) => pair !== "" && !isSelector(pair))
    .join("&");
}

/** Quotes only short plain names, because a parameter's name may be a pasted secret. */
function unknownParameter(name: string): string {
  return /^[A-Za-z][\w-]{0,31}$/.test(name)
    ? `has the query parameter "${name}", which is not part of a SAS`
    : "has a query parameter that is not part of a SAS";
}
