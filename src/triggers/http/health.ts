import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { problem } from "../../http/problem.ts";

/**
 * GET /health: 200, or 503 with every invalid setting. It calls no other service and needs no durable client, so that
 * it also responds when Durable cannot.
 */
export function health(
  settingProblems: readonly string[],
): (request: HttpRequest) => Promise<HttpResponseInit> {
  return async () => {
    if (settingProblems.length > 0) {
      const detail = `The app runs, but its settings are wrong, so it accepts no copies: ${settingProblems.join("; ")}`;
      return problem("settings", detail);
    }
    return { jsonBody: { status: "ok" }, headers: { "cache-control": "no-store" } };
  };
}
