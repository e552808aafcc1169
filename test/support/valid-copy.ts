/** One request as it goes over the wire. */
export type WireRequest = {
  method: string;
  path: string;
  headers: Readonly<Record<string, string | readonly string[]>>;
  body: Buffer | null;
};

/** Account, container and decoded blob name of both ends. */
export type CopyAsked = { source: readonly string[]; destination: readonly string[] };

/**
 * What a request asks to be copied, or null where it must start nothing: a judgement of its own, from
 * the README and Storage's naming rules, and deliberately nothing of the product's parser. It may be too kind
 * in small things, and is never too strict: `POST /api/copies` with a JSON object of known fields,
 * whose URLs are blobs of the emulator that `local.settings.json` allows, or whose route is the one there.
 */
export function copyAsked(request: WireRequest, emulatorUrl: string): CopyAsked | null {
  const { method, path, headers, body } = request;
  if (method !== "POST" || !/^\/api\/copies\/?(\?|$)/i.test(path)) return null;
  if (body === null || body.length > 65_536 || "transfer-encoding" in headers) return null;
  const type = sentHeader(headers["content-type"] ?? "");
  if (!/^(\s*$|\s*;|\s*application\/([\w.-]+\+)?json\s*(;|$))/i.test(type)) return null;
  const key = sentHeader(headers["idempotency-key"] ?? "k");
  if (!/^[!-~]{1,255}$/.test(key)) return null;

  const json = jsonOf(body);
  if (!isObject(json)) return null;
  if (!hasOnly(json, ["source", "options", "route" in json ? "route" : "destination"])) return null;
  const source = blobOf(json["source"], emulatorUrl);
  if ("route" in json) {
    const isWatched = source?.slice(0, 2).join("/") === "devstoreaccount1/watched";
    if (!isWatched || json["route"] !== "watched" || !areOptions(json["options"], "always"))
      return null;
    return { source, destination: ["devstoreaccount1", "copied", ...source.slice(2)] };
  }
  const destination = blobOf(json["destination"], emulatorUrl);
  if (source === null || destination === null || source.join("/") === destination.join("/")) {
    return null;
  }
  if (destination[0] !== "devstoreaccount1") return null;
  return areOptions(json["options"]) ? { source, destination } : null;
}

/** As it arrives: blanks around a value are not a part of it (RFC 9110, section 5.5). */
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

function blobOf(text: unknown, emulatorUrl: string): string[] | null {
  if (typeof text !== "string" || text.length > 2_048 || !URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.origin !== emulatorUrl || url.username !== "" || url.password !== "") return null;
  if (url.hash !== "") return null;
  const query = [...url.searchParams.keys()];
  if (query.some((name) => !sasNames.split(" ").includes(name))) return null;
  if (query.length > 0 && !query.includes("sig")) return null;
  if (new Set(query).size < query.length) return null;

  const [, account = "", container = "", ...rest] = url.pathname.split("/");
  if (!/^devstoreaccount[12]$/.test(account)) return null;
  if (!/^([a-z0-9-]{3,63}|(\$|%24)(web|root|logs))$/.test(container)) return null;
  if (account === "devstoreaccount1" && /^(ferry|azure-webjobs|app-package)-/.test(container)) {
    return null;
  }
  if (account === "devstoreaccount1" && /^(\$|%24)logs$/.test(container)) return null;
  let name: string;
  try {
    name = decodeURIComponent(rest.join("/"));
  } catch {
    return null;
  }
  if (name === "" || name.length > 1_024 || /[\u0000-\u001f\u007f\\]/.test(name)) return null;
  if (name.split("/").some((part) => part === "." || part === "..")) return null;
  return [account, container.replace("%24", "$"), name];
}

const choices: Record<string, readonly string[]> = {
  overwrite: ["fail", "skip", "if-newer", "always"],
  ifBusy: ["fail", "wait", "replace"],
  rollback: ["off", "snapshot"],
  tier: ["Hot", "Cool", "Cold", "Archive", "Smart"],
};

/** `usual` is what overwrite is where nothing is said of it. */
function areOptions(options: unknown, usual = "fail"): boolean {
  if (options === undefined) return true;
  if (!isObject(options) || !hasOnly(options, [...Object.keys(choices), "metadata"])) return false;
  const { metadata, ...chosen } = options;
  if (Object.entries(chosen).some(([name, value]) => !choices[name]?.some((c) => c === value))) {
    return false;
  }
  // Only what is written over can be replaced or brought back.
  const { overwrite = usual, ifBusy, rollback } = chosen;
  if (ifBusy === "replace" && overwrite !== "always") return false;
  if (rollback === "snapshot" && (overwrite === "fail" || overwrite === "skip")) return false;
  if (metadata === undefined) return true;
  if (!isObject(metadata) || Object.keys(metadata).length === 0) return false;
  return Object.entries(metadata).every(
    ([name, value]) =>
      /^[A-Za-z_]\w*$/.test(name) && typeof value === "string" && /^[ -~]+$/.test(value),
  );
}
