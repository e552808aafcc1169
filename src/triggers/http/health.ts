import type { HttpHandler } from "./method-router.ts";

/** GET /health: the app answers. It reveals nothing and asks nobody. */
export const health: HttpHandler = async () => ({
  jsonBody: { status: "ok" },
  headers: { "cache-control": "no-store" },
});
