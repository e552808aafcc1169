import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { collectStored, findSecret } from "../../support/stack/stored-secrets.ts";
import { startStack } from "../../support/stack/test-stack.ts";

/* Goal: a SAS that was pasted without its question mark, or behind an encoded one, is rejected and never kept. */

test("a SAS that is not behind a question mark starts nothing, and is neither stored, logged nor returned", async () => {
  const environment = { COPY_SECRET_KEYS: randomBytes(32).toString("base64") };
  const stack = await startStack({ persistent: true, environment });
  const { url } = await stack.upload("inbox/a.txt", "text");
  const host = "https://acct1.blob.core.windows.net";
  const destination = stack.blob("archive/a.txt").url;
  const secrets: string[] = [];
  const secret = () => {
    const text = `x${randomBytes(15).toString("hex")}`;
    secrets.push(text);
    return text;
  };
  const sources = [
    `${host}&sig=${secret()}%2B/c/b`,
    `${host}&sv=1&sig=${secret()}`,
    `${host};sig=${secret()}/c/b`,
    `${host}/container&sig=${secret()}`,
    `${url}%253Fsv%253D1%2526sig%253D${secret()}`,
    `${url};sig=${secret()}`,
    `${url}%3Fsv=1;sig=${secret()}`,
    `${url}%3F%20sig=${secret()}`,
    `${url}%EF%BC%9Fsig=${secret()}`,
  ];
  const conditions = (text: string) =>
    ["ifMatch", "ifNoneMatch", "ifTags"].flatMap((field) =>
      ["sourceConditions", "destinationConditions"].map((side) => ({
        source: url,
        destination,
        options: { overwrite: "always", [side]: { [field]: text } },
      })),
    );
  const responses: string[] = [];
  for (const text of sources) {
    for (const body of [
      { source: text, destination },
      { source: url, destination: text },
      ...conditions(text),
    ]) {
      const response = await stack.call("POST", "/copies", { body });
      expect(response.status, text).toBe(400);
      responses.push(response.text, JSON.stringify([...response.headers]));
    }
  }
  await stack.clock.settled();
  const stored = await collectStored(stack, responses);
  for (const each of secrets) expect(findSecret(each, stored)).toEqual([]);
});
