/**
 * Replaces secrets in any text: the value of a SAS `sig`, plain or percent-encoded, and the signature or
 * token of an Authorization header. Everything that is stored or logged passes through this function.
 */
export function redact(text: string): string {
  return text
    .replace(signature, `$1${placeholder}`)
    .replace(authorization, (_, scheme: string, account: string | undefined) =>
      account === undefined ? `${scheme} ${placeholder}` : `${scheme} ${account}:${placeholder}`,
    );
}

/** The headers of a request as they may be recorded. */
export function redactHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      name === "x-ms-copy-source" ? maskUnknownParameters(value) : redact(value),
    ]),
  );
}

/** For URLs outside Storage: any query value, and the user information, may be a secret. */
export function maskQueryValues(url: string): string {
  return maskValues(url, () => true);
}

/** For a copy source whose service is not known yet: only the values of Storage's own parameters are public. */
function maskUnknownParameters(url: string): string {
  return redact(maskValues(url, (name) => !storageParameters.has(name.toLowerCase())));
}

function maskValues(url: string, isSecret: (name: string) => boolean): string {
  const [base = "", ...rest] = url.split("?");
  const open = base.replace(/^(https?:\/\/)[^/@]*@/i, "$1");
  if (rest.length === 0) return open;
  const parameters = rest
    .join("?")
    .split("&")
    .map((parameter) => {
      const [name = "", value] = parameter.split("=");
      if (!isSecret(name)) return parameter;
      return value === undefined ? placeholder : `${name}=${placeholder}`; // a bare name may itself be the secret
    });
  return `${open}?${parameters.join("&")}`;
}

/** Parameters of a blob, file or SAS that grant no access without the signature. */
const storageParameters = new Set(
  `snapshot versionid sharesnapshot sv ss srt se st sp sr si sip spr sig ses sdd skoid sktid ske sks
   skt skv saoid suoid scid rscc rscd rsce rscl rsct timeout comp`.split(/\s+/),
);

/** A copy source as it may be stored and returned: without `sig`, otherwise unchanged. */
export function removeSignature(url: string): string {
  const start = url.indexOf("?");
  if (start < 0) return url; // "sig=" in a path belongs to a name, by which clients find their copies
  const kept = url
    .slice(start + 1)
    .split("&")
    .filter((parameter) => !/^sig(=|$)/i.test(parameter));
  const base = url.slice(0, start);
  return kept.length === 0 ? base : `${base}?${redact(kept.join("&"))}`;
}

const placeholder = "REDACTED";
/** Also matches inside a URL that is a parameter value, however often encoded; stops at the next parameter. */
const signature = /(?<![a-z])(sig(?:=|%(?:25)*3D))(?:(?!&|%(?:25)*26)[^\s"'<>])*/gi;
const authorization = /\b(SharedKey|SharedKeyLite|Bearer) (?:([a-z0-9]+):)?[A-Za-z0-9+/=._~-]+/g;
