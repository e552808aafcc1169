import { rolldown } from "rolldown";
import { expect, test } from "vitest";

/* The client runs in browsers: it imports no package, and uses no global of Node. */

test("a bundle of the client for browsers has only its own files and imports nothing", async () => {
  const bundle = await rolldown({ input: "src/client/ferry.ts", platform: "browser" });
  const { output } = await bundle.generate({ format: "esm" });
  await bundle.close();
  expect(output).toHaveLength(1);
  const { code, imports, dynamicImports, moduleIds } = output[0];
  expect([...imports, ...dynamicImports]).toEqual([]);
  for (const module of moduleIds) expect(module).toMatch(/\/src\/client\/[\w-]+\.ts$/);
  expect(code).not.toMatch(/\b(process|Buffer|require|global|__dirname)\b\s*[.([]/);
});
