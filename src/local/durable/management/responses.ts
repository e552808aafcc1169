import type { ManagementResponse } from "../api/engine-api.ts";

export const notFound: ManagementResponse = { status: 404, headers: {}, body: "" };

export function empty(status: number): ManagementResponse {
  return { status, headers: {}, body: "" };
}

export function json(
  status: number,
  body: object | string,
  headers: Record<string, string> = {},
): ManagementResponse {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(body),
  };
}

export type DotNetException = { message: string; type: string };

/** Responds as HttpRequestMessage.CreateErrorResponse does with an exception; the stack trace is empty here. */
export function exceptionResponse(
  status: number,
  message: string,
  exception: DotNetException,
): ManagementResponse {
  return json(status, {
    Message: message,
    ExceptionMessage: exception.message,
    ExceptionType: exception.type,
    StackTrace: "",
  });
}

/** The extension's response to an exception that it does not expect. */
export function internalError(exception: DotNetException): ManagementResponse {
  return exceptionResponse(500, "Something went wrong while processing your request", exception);
}

export function invalidJson(message: string): ManagementResponse {
  const type = "Newtonsoft.Json.JsonReaderException";
  return exceptionResponse(400, "Invalid JSON content", { message, type });
}

export function notImplemented(feature: string): ManagementResponse {
  return json(501, { Message: `Ferry's local Durable engine does not implement ${feature}` });
}
