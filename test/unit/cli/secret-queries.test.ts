import { expect, test } from "vitest";
import { hasSecret, hideSecrets } from "../../../src/cli/secrets/secret-queries.ts";

/* URLs with a secret, which must not be arguments of a program. */

const hex = "0123456789abcdef".repeat(4);
const base64 = "aB3+".repeat(10);

test.each([
  ["a SAS", "https://a.blob.core.windows.net/b/c?sv=2026-04-06&se=2027&sp=r&sig=x%3D"],
  ["a SAS with an encoded name", "https://a.blob.core.windows.net/b/c?s%69g=x"],
  ["a SAS in upper case", "https://a/b?SIG=x"],
  ["a SAS after a semicolon", "https://a/b;sig=x"],
  ["a URL of S3", `https://s3.example/b?X-Amz-Date=1&X-Amz-Signature=${hex}`],
  ["an encoded name of S3", "https://s3.example/b?X%2DAmz%2DSignature=x"],
  ["a token of S3", "https://s3.example/b?X-Amz-Security-Token=x"],
  ["a URL of Google", "https://storage.googleapis.com/b/c?X-Goog-Signature=x"],
  ["a URL of CloudFront", "https://x.cloudfront.net/b?Expires=1&Signature=x&Key-Pair-Id=K"],
  ["a URL of Akamai", "https://cdn.example/b?hdnea=exp=1~hmac=x"],
  ["an access token", "https://a/b?access_token=x"],
  ["a function key", "https://a.azurewebsites.net/api/b?code=x"],
  ["a long value of hexadecimal digits", `https://a/b?h=${hex}`],
  ["a long random value", `https://a/b?h=${encodeURIComponent(base64)}`],
  ["a password", "https://user:password@a/b"],
])("%s has a secret", (_, url) => {
  expect(hasSecret(url)).toBe(true);
});

test.each([
  ["no query", "https://a.blob.core.windows.net/b/c"],
  ["a snapshot", "https://a.blob.core.windows.net/b/c?snapshot=2026-11-20T12:00:00.0000000Z"],
  ["a version", "https://a.blob.core.windows.net/b/c?versionid=2026-11-20T12:00:00.0000000Z"],
  ["a number", "https://example.com/download?file=1"],
  ["a UUID", "https://example.com/d?id=01a1fb9f-20ed-74d5-ab99-256a8184e096"],
  ["names that contain sig and key", "https://example.com/d?design=1&monkey=2"],
  ["a folder named key=1", "https://a.blob.core.windows.net/b/key=1/c"],
  ["an empty value", "https://example.com/d?token="],
  ["a long name", `https://example.com/d?name=${"long-name-".repeat(5)}`],
])("%s has none", (_, url) => {
  expect(hasSecret(url)).toBe(false);
});

test("a message loses the words with a secret, and keeps the others", () => {
  const text = "error: option '--limit <number>' argument 'sv=2026&sig=canary%3D' is invalid. a=b";
  expect(hideSecrets(text)).toBe(
    "error: option '--limit <number>' argument '(not shown)' is invalid. a=b",
  );
});
