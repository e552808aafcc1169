import type { Answer } from "./method-router.ts";

/** GET /health: the app answers. It reveals nothing and asks nobody. */
export const health: Answer = async () => ({
  jsonBody: { status: "ok" },
  headers: { "cache-control": "no-store" },
});
