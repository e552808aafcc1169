/**
 * A value exchanged between host and worker, with the field names of `TypedData` in FunctionRpc.proto. At most one
 * field is set; without any field there is no value.
 */
export type TypedData = {
  string?: string;
  json?: string;
  bytes?: Uint8Array;
  int?: number;
  double?: number;
  http?: HttpRequestBody | HttpResponseBody;
};

/** `RpcHttp` of a request. The nullable maps keep entries with empty values. */
export type HttpRequestBody = {
  url: string;
  method: string;
  nullableHeaders: Record<string, { value: string }>;
  nullableQuery: Record<string, { value: string }>;
  nullableParams: Record<string, { value: string }>;
  body?: TypedData;
};

/** `RpcHttp` of a response. The status is text, as in the protocol. */
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
 * Builds an activity's input. `json` is the JSON text of `input` in the orchestrator's CallActivity action; null if
 * that is absent.
 *
 * The extension turns the input into a .NET string (ActivityTriggerAttributeBindingProvider.cs), and the library parses
 * every string that is JSON. A string input is already JSON text in the action, so it arrives unchanged. A boolean is
 * spelled as in .NET and stays a string: "True".
 */
export function buildActivityInput(json: string | null): TypedData {
  const input: unknown = json === null ? null : JSON.parse(json);
  if (input === null) return {};
  if (typeof input === "string") return { string: input };
  if (typeof input === "boolean") return { string: input ? "True" : "False" };
  return { string: JSON.stringify(input) };
}

/**
 * Converts a function's return value to the JSON text that Durable records (`TaskCompleted.Result`); null if the
 * function returned no value. Bytes become base64, as Json.NET writes them.
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
