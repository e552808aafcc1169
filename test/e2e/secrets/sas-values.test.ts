import { expect, test } from "vitest";
import { secondAccount, startStack } from "../../support/stack/test-stack.ts";

/*
 * Goal: no value of any parameter of a SAS is repeated, because it can be any text: a line of a log, an
 * escape sequence of a terminal, a part of another secret.
 */

const environment = { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") };
const marker = "FORGED-7f3a";
const hostile = `w"\n05:00:00.000  ${marker}  Copy 0000 succeeded \u001b[31m\r\u001b]0;pwned\u0007\u009b1m\u007f`;
const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;

const values = [
  ["sp", hostile],
  ["sp", "r-".repeat(500) + marker],
  ["se", hostile],
  ["se", `Fri Nov 20 2020 (${marker})`],
  ["st", `Fri Nov 20 2099 (${marker})`],
  ["st", hostile],
  ["sv", hostile],
  ["sr", hostile],
  ["sip", hostile],
  ["spr", hostile],
  ["skoid", hostile],
  ["rscd", hostile],
] as const;

test.each(values)(
  "a source SAS with a hostile %s fails its copy, and is not repeated: %j",
  async (name, value) => {
    const stack = await startStack({ environment });
    const blob = await stack.upload("inbox/film.mp4", "film", secondAccount);
    const signed = new URL(await stack.readSas(blob));
    signed.searchParams.set(name, value);
    const source = `${blob.url}?${[...signed.searchParams]
      .map(([key, text]) => `${key}=${encodeURIComponent(text)}`)
      .join("&")}`;
    const body = { source, destination: stack.blob("archive/film.mp4").url };
    const response = await stack.call("POST", "/copies", { body });
    expect(response.text).not.toContain(marker);
    await stack.clock.settled();
    const copy = response.status === 202 ? await stack.untilEnded(response.json.id, 24) : null;
    if (copy !== null) expect(copy).toMatchObject({ status: "failed" });
    expect(JSON.stringify(copy)).not.toContain(marker);
    for (const { subject, message, level } of stack.log) {
      if (level !== "debug") expect(`${subject} ${message}`).not.toContain(marker);
      expect(`${subject} ${message}`).not.toMatch(controls);
    }
  },
);

test("the error for a SAS without read permission names what it lacks, not what it has", async () => {
  const stack = await startStack({ environment });
  const blob = await stack.upload("inbox/film.mp4", "film", secondAccount);
  const source = await stack.readSas(blob, { permissions: "wd" });
  const { id } = await stack.start({ source, destination: stack.blob("archive/film.mp4").url });
  const copy = await stack.untilEnded(id, 1);
  expect(copy.error.cause).toBe("source-unauthorized");
  expect(copy.error.message).toContain('the SAS lacks the permission "r"');
  expect(copy.error.message).not.toContain('"wd"');
});
