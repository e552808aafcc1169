import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { problem } from "../../http/problem.ts";

/**
 * GET /health: the app responds, and which of its settings are wrong; 503 if any is. It calls no other service and needs
 * no durable client, so that it also responds where Durable cannot.
 */
export function health(
  settingProblems: readonly string[],
): (request: HttpRequest) => Promise<HttpResponseInit> {
  return async () => {
    if (settingProblems.length > 0) {
      const detail = `The app runs, but its settings are wrong, so it accepts no copies: ${settingProblems.join("; ")}`;
      return problem("settings", detail, { headers: { "cache-control": "no-store" } });
    }
    return { jsonBody: { status: "ok" }, headers: { "cache-control": "no-store" } };
  };
}
