import { areOptions } from "./valid-options.ts";

/** One request as it is sent. */
export type WireRequest = {
  method: string;
  path: string;
  headers: Readonly<Record<string, string | readonly string[]>>;
  body: Buffer | null;
};

/** Service, account, container or share, and decoded name of both endpoints. */
export type CopyAsked = { source: readonly string[]; destination: readonly string[] };

/** Where the emulator's two services listen. */
export type Emulator = { blobUrl: string; fileUrl: string };

/**
 * Returns the copy that a request may start, or null if it must not start one. The rules come from the README and
 * Storage's naming rules, and deliberately share no code with the product's parser. They may be too lenient in
 * details, and are never too strict: `POST /api/copies` with a JSON object of known fields,
 * whose URLs are blobs and files of the emulator that `local.settings.json` allows, or whose route is the one there.
 */
export function copyAsked(request: WireRequest, emulator: Emulator): CopyAsked | null {
  const { method, path, headers, body } = request;
  if (method !== "POST" || !/^\/api\/copies\/?(\?|$)/i.test(path)) return null;
  if (body === null || body.length > 65_536 || "transfer-encoding" in headers) return null;
  const type = sentHeader(headers["content-type"] ?? "");
  if (!/^\s*application\/json\s*(;|$)/i.test(type) || "content-encoding" in headers) return null;
  const key = sentHeader(headers["idempotency-key"] ?? "k");
  if (!/^[!-~]{1,255}$/.test(key)) return null;

  const json = jsonOf(body);
  if (!isObject(json)) return null;
  if (!hasOnly(json, ["source", "options", "route" in json ? "route" : "destination"])) return null;
  const { options } = json;
  const source = endOf(json["source"], emulator, "source");
  if (source === null) return null;
  const from = serviceOf(source);
  if ("route" in json) {
    const isWatched = source.slice(0, 3).join("/") === "blob/devstoreaccount1/watched";
    const known = areOptions(options, { from, to: "blob", usual: "always" });
    if (!isWatched || json["route"] !== "watched" || !known) return null;
    return { source, destination: ["blob", "devstoreaccount1", "copied", ...source.slice(3)] };
  }
  const destination = endOf(json["destination"], emulator, "destination");
  if (destination?.[1] !== "devstoreaccount1") return null;
  const to = serviceOf(destination);
  if (source.join("/").toLowerCase() === destination.join("/").toLowerCase() && to === "file") {
    return null;
  }
  return areOptions(options, { from, to, usual: "fail" }) ? { source, destination } : null;
}

function serviceOf([service]: readonly string[]): "blob" | "file" {
  return service === "file" ? "file" : "blob";
}

/** The value as it arrives, without surrounding spaces (RFC 9110, section 5.5). */
function sentHeader(values: string | readonly string[]): string {
  return [values]
    .flat()
    .map((value) => value.replace(/^[ \t]+|[ \t]+$/g, ""))
    .join(",");
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasOnly(value: Record<string, unknown>, names: readonly string[]): boolean {
  return Object.keys(value).every((name) => names.includes(name));
}

const sasNames =
  "sv ss srt sr st se sp spr sip sig si ses sdd skoid sktid skt ske sks skv saoid suoid scid sduoid skdutid rscc rscd rsce rscl rsct";

function endOf(
  text: unknown,
  { blobUrl, fileUrl }: Emulator,
  which: "source" | "destination",
): string[] | null {
  if (typeof text !== "string" || text.length > 2_048 || !URL.canParse(text)) return null;
  const url = new URL(text);
  const service = url.origin === fileUrl ? "file" : "blob";
  if (url.origin !== (service === "file" ? fileUrl : blobUrl)) return null;
  if (url.username !== "" || url.password !== "" || url.hash !== "") return null;
  const selectors = service === "file" ? ["sharesnapshot"] : ["snapshot", "versionid"];
  const all = [...url.searchParams.keys()];
  if (new Set(all).size < all.length) return null;
  const query = all.filter((name) => which === "destination" || !selectors.includes(name));
  if (query.some((name) => !sasNames.split(" ").includes(name))) return null;
  if (query.length > 0 && !query.includes("sig")) return null;

  const [, account = "", top = "", ...rest] = url.pathname.split("/");
  if (!/^devstoreaccount[12]$/.test(account)) return null;
  let name: string;
  try {
    name = decodeURIComponent(rest.join("/"));
  } catch {
    return null;
  }
  if (/[\u0000-\u001f\u007f\\]/.test(name)) return null;
  if (name.split("/").some((part) => part === "." || part === "..")) return null;
  const isName = service === "file" ? isFile(top, name) : isBlob(account, top, name);
  return isName ? [service, account, top.replace("%24", "$"), name] : null;
}

function isBlob(account: string, container: string, name: string): boolean {
  if (!/^([a-z0-9-]{3,63}|(\$|%24)(web|root|logs))$/.test(container)) return false;
  const isOwn = /^(ferry|azure-webjobs|app-package)-|^(\$|%24)logs$/.test(container);
  return !(account === "devstoreaccount1" && isOwn) && name !== "" && name.length <= 1_024;
}

function isFile(share: string, name: string): boolean {
  if (!/^[a-z0-9-]{3,63}$/.test(share) || /[":|<>*?]/.test(name)) return false;
  return name.split("/").every((part) => part !== "" && part.length <= 255);
}
