import { StorageError } from "./rest-errors.ts";

export type Headers = Readonly<Record<string, string>>;

export function invalidHeader(name: string, value: string): StorageError {
  return new StorageError("InvalidHeaderValue", {
    details: { HeaderName: name, HeaderValue: value },
  });
}

export function missingHeader(name: string): StorageError {
  return new StorageError("MissingRequiredHeader", { details: { HeaderName: name } });
}

export function unsupportedHeader(name: string): StorageError {
  return new StorageError("UnsupportedHeader", { details: { HeaderName: name } });
}

/** Undefined if the header was not sent. */
export function readBoolean(headers: Headers, name: string): boolean | undefined {
  const value = headers[name]?.toLowerCase();
  if (value === undefined) return undefined;
  if (value === "true" || value === "false") return value === "true";
  throw invalidHeader(name, value);
}

/** One of the given keywords, in any case; undefined if the header was not sent. */
export function readKeyword<Keyword extends string>(
  headers: Headers,
  name: string,
  keywords: readonly Keyword[],
): Keyword | undefined {
  const value = headers[name];
  if (value === undefined) return undefined;
  const keyword = keywords.find((one) => one.toLowerCase() === value.toLowerCase());
  if (keyword === undefined) throw invalidHeader(name, value);
  return keyword;
}

/** Undefined if the header was not sent. */
export function readWholeNumber(headers: Headers, name: string): number | undefined {
  const value = headers[name];
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(Number(value)))
    throw invalidHeader(name, value);
  return Number(value);
}
