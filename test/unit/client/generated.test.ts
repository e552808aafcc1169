import { expect, test } from "vitest";
import { generateTypes } from "../../support/client/generate-types.ts";

/* The types of the client match the document of the API. `npm run client` writes them. */

test("the types of the client are generated from the document", async () => {
  await expect(await generateTypes()).toMatchFileSnapshot("../../../src/client/api-types.ts");
});
