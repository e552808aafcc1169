import type { HttpHandler } from "./method-router.ts";

/** GET /health: the app responds. It reveals nothing and calls no other service. */
export const health: HttpHandler = async () => ({
  jsonBody: { status: "ok" },
  headers: { "cache-control": "no-store" },
});
