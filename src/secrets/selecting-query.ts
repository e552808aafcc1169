import { sasParameters } from "../copy/location/sas.ts";

/** A way to sign URLs: its parameters, lower case, and those without which a query is not signed in this way. */
type Signing = { requires: readonly string[]; has(name: string): boolean };

const named = (requires: readonly string[], others: readonly string[]): Signing => {
  const names = new Set([...requires, ...others]);
  return { requires, has: (name) => names.has(name) };
};

const version4 = ["algorithm", "credential", "date", "expires", "signedheaders", "security-token"];

/**
 * The parameters of signed URLs that do not select content, and that differ when a URL is signed again. Every other
 * parameter may select content. In a query without the required ones, such as `?expires=never`, all parameters may.
 */
const signings: readonly Signing[] = [
  // Amazon S3, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)"; without the payload's hash
  named(
    ["x-amz-signature"],
    version4.map((name) => `x-amz-${name}`),
  ),
  // Google Cloud Storage, "V4 signing process"
  named(
    ["x-goog-signature"],
    version4.map((name) => `x-goog-${name}`),
  ),
  // Amazon S3, "Signing and Authenticating REST Requests" (Signature Version 2)
  named(["signature", "awsaccesskeyid"], ["expires", "x-amz-security-token"]),
  // Google Cloud Storage, "V2 signing process"
  named(["signature", "googleaccessid"], ["expires"]),
  // Amazon CloudFront, "Create a signed URL using a canned policy" and "… using a custom policy"
  named(["signature", "key-pair-id"], ["expires", "policy", "hash-algorithm"]),
  // A SAS of Azure Storage, at a host that is not one of Storage's, such as a content delivery network
  { requires: ["sig", "sv"], has: (name) => sasParameters.has(name) },
];

/** Returns the query of a source outside Storage without the parameters of its signature; "" if nothing is left. */
export function selectingQuery(query: string): string {
  const parts = query.split("&").map((text) => ({ text, name: nameOf(text) }));
  const names = new Set(parts.map(({ name }) => name));
  const signed = signings.filter(({ requires }) => requires.every((name) => names.has(name)));
  const rest = parts.filter(({ name }) => !signed.some((signing) => signing.has(name)));
  return rest.map(({ text }) => text).join("&");
}

/** The decoded name of a parameter, in lower case. */
function nameOf(text: string): string {
  const [name = ""] = text.split("=");
  try {
    return decodeURIComponent(name).toLowerCase();
  } catch {
    return name.toLowerCase();
  }
}
