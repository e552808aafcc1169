import { createHmac } from "node:crypto";
import { request as sendRequest } from "node:http";
import type { StorageEmulator } from "../../../src/local/storage/emulator.ts";

/** A request to the emulator that no SDK here would send in this form. Path and query are sent as given. */
export type RawRequest = {
  service?: "blob" | "file";
  method?: string;
  /** After the account: `/box/film.mp4`. */
  path?: string;
  /** Encoded: `comp=list&include=`. */
  query?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Buffer;
  /** How the string to sign treats query parameters with an empty value; "none" sends no signature. */
  sign?: "with empty values" | "without empty values" | "none";
  account?: string;
};

export type RawResponse = {
  status: number;
  /** `x-ms-error-code`. */
  code: string | undefined;
  headers: Readonly<Record<string, string | undefined>>;
  bytes: Buffer;
  text: string;
};

/** Sends requests that are signed with the account's key, at the emulator's time. */
export function rawClient(emulator: StorageEmulator, now: () => number) {
  return (request: RawRequest): Promise<RawResponse> => {
    const { service = "blob", method = "GET", path = "", query = "", body = "" } = request;
    const { account = "devstoreaccount1", sign = "with empty values" } = request;
    const target = `/${account}${path}${query === "" ? "" : `?${query}`}`;
    const headers: Record<string, string> = {
      "x-ms-version": "2026-10-06",
      "x-ms-date": new Date(now()).toUTCString(),
      "content-length": String(Buffer.byteLength(body)),
      ...request.headers,
    };
    if (sign !== "none") {
      const text = stringToSign({ method, target, headers, account, sign });
      const key = emulator.accounts.find(({ name }) => name === account)?.key ?? "";
      const signature = createHmac("sha256", Buffer.from(key, "base64")).update(text);
      headers["authorization"] = `SharedKey ${account}:${signature.digest("base64")}`;
    }
    return send(service === "blob" ? emulator.blobUrl : emulator.fileUrl, {
      method,
      target,
      headers,
      body,
    });
  };
}

type Signed = {
  method: string;
  target: string;
  headers: Readonly<Record<string, string>>;
  account: string;
  sign: Exclude<RawRequest["sign"], "none" | undefined>;
};

function stringToSign({ method, target, headers, account, sign }: Signed): string {
  const [path = "", query = ""] = target.split("?");
  const length = headers["content-length"] ?? "";
  const standard = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
  ].map((name) => (name === "content-length" && length === "0" ? "" : (headers[name] ?? "")));
  const own = Object.entries(headers)
    .filter(([name]) => name.startsWith("x-ms-"))
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}:${value}`);
  const parameters = [...new URLSearchParams(query)]
    .filter(([, value]) => value !== "" || sign === "with empty values")
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}:${value}`);
  return [method, ...standard, ...own, [`/${account}${path}`, ...parameters].join("\n")].join("\n");
}

function send(
  origin: string,
  {
    method,
    target,
    headers,
    body,
  }: Pick<Signed, "method" | "target" | "headers"> & { body: string | Buffer },
): Promise<RawResponse> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const outgoing = sendRequest({ hostname, port, method, path: target, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const bytes = Buffer.concat(chunks);
        const received = Object.fromEntries(
          Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
        );
        resolve({
          status: incoming.statusCode ?? 0,
          code: received["x-ms-error-code"],
          headers: received,
          bytes,
          text: bytes.toString(),
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
