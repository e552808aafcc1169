import type { HttpResponseInit } from "@azure/functions";
import document from "../../http/openapi/openapi.json" with { type: "json" };

/** GET /openapi.json: the document of the API, which `npm run openapi` writes. It contains no data of the app. */
export function documentResponse(): HttpResponseInit {
  return {
    jsonBody: document,
    headers: { "cache-control": "public, max-age=3600" },
  };
}
