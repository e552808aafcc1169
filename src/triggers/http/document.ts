import type { HttpResponseInit } from "@azure/functions";
import { readDocument } from "../../http/openapi/read-document.ts";

/** GET /openapi.json: the document of the API, which `npm run openapi` writes. It contains no data of the app. */
export async function documentResponse(): Promise<HttpResponseInit> {
  return {
    body: await readDocument(),
    headers: { "cache-control": "public, max-age=3600", "content-type": "application/json" },
  };
}
