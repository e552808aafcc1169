/**
 * What host and worker send each other, as the field names of `TypedData` in FunctionRpc.proto.
 * At most one field is set; none at all means "no value".
 */
export type TypedData = {
  string?: string;
  json?: string;
  bytes?: Uint8Array;
  int?: number;
  double?: number;
  http?: HttpRequestBody | HttpResponseBody;
};

/** `RpcHttp` on its way to the function. The nullable maps keep entries whose value is empty. */
export type HttpRequestBody = {
  url: string;
  method: string;
  nullableHeaders: Record<string, { value: string }>;
  nullableQuery: Record<string, { value: string }>;
  nullableParams: Record<string, { value: string }>;
  body?: TypedData;
};

/** `RpcHttp` on its way back. The status is text, as in the protocol. */
export type HttpResponseBody = {
  statusCode: string;
  headers: Record<string, string>;
  cookies: HttpCookie[];
  enableContentNegotiation?: boolean;
  body?: TypedData;
};

export type HttpCookie = {
  name: string;
  value: string;
  domain?: { value: string };
  path?: { value: string };
  expires?: { value: { seconds: number } };
  secure?: { value: boolean };
  httpOnly?: { value: boolean };
  sameSite?: "none" | "lax" | "strict" | "explicitNone";
  maxAge?: { value: number };
};

/**
 * An activity's input on its way to the function. `json` is the JSON text of `input` in the
 * orchestrator's CallActivity action; null where that is absent.
 *
 * The extension turns the input into a .NET string (ActivityTriggerAttributeBindingProvider.cs), and
 * the library parses every string that is JSON. For a string input the action already carries JSON
 * text, so it arrives whole; a boolean is spelt as .NET spells it and stays a string: "True".
 */
export function buildActivityInput(json: string | null): TypedData {
  const input: unknown = json === null ? null : JSON.parse(json);
  if (input === null) return {};
  if (typeof input === "string") return { string: input };
  if (typeof input === "boolean") return { string: input ? "True" : "False" };
  return { string: JSON.stringify(input) };
}

/**
 * A function's return value as the JSON text that Durable records (`TaskCompleted.Result`);
 * null where the function returned nothing. Bytes become base64, as Json.NET writes them.
 */
export function toResultJson(returned: TypedData | null | undefined): string | null {
  if (returned === null || returned === undefined) return null;
  if (returned.string !== undefined) return JSON.stringify(returned.string);
  if (returned.json !== undefined) return returned.json;
  if (returned.bytes !== undefined) {
    return JSON.stringify(Buffer.from(returned.bytes).toString("base64"));
  }
  const number = returned.int ?? returned.double;
  return number === undefined ? null : JSON.stringify(number);
}
