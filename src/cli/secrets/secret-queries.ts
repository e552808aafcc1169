/** The ends of the names of secret parameters in signed URLs: of Storage, S3, Google, and CDNs. */
const secretName =
  /(?:^|[^a-z])(?:sig|auth|hdnea|hdnts|hmac|key|code|pass|policy|pwd|verify)$|(?:authorization|credential|password|secret|signature|token|apikey)$/i;
const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** A text of random characters. */
const random = /^(?:[\da-f]{32,}|(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[\w+/=-]{32,})$/;

/** Returns whether a URL, or a query without its URL, contains a signature, a token or a password. */
export function hasSecret(text: string): boolean {
  const [, afterScheme] = /^[a-z][a-z\d+.-]*:\/\/(.*)$/is.exec(text) ?? [];
  if (afterScheme === undefined) return parametersOf(text).some(isSecret) || hasSignature(text);
  if (/^[^/?#]*:[^/?#]*@/.test(afterScheme)) return true;
  const query = afterScheme.indexOf("?");
  const [path, rest] =
    query === -1 ? [afterScheme, ""] : [afterScheme.slice(0, query), afterScheme.slice(query + 1)];
  // In a path, only the signature of a SAS counts: folders can have names such as "key=1".
  return parametersOf(rest).some(isSecret) || hasSignature(path);
}

/** Returns true for a SAS whose separators may be encoded. */
function hasSignature(text: string): boolean {
  return /[?&;]sig=(?!…)/i.test(decode(text));
}

const hidden = "(not shown)";

/** Returns the text without the words that contain a secret. */
export function hideSecrets(text: string): string {
  return text.replace(/[^\s'"]+/g, (word) => (hasSecret(word) ? hidden : word));
}

/** Returns an argument that should be an id, or hides it if its characters could be those of a SAS or a key. */
export function shownId(text: string): string {
  return /^[\w.:/-]{1,100}$/.test(text) ? text : hidden;
}

function parametersOf(query: string): [name: string, value: string][] {
  return query.split(/[?&;#]/).flatMap((part): [string, string][] => {
    const at = part.indexOf("=");
    return at < 1 ? [] : [[decode(part.slice(0, at)), decode(part.slice(at + 1))]];
  });
}

function isSecret([name, value]: readonly [string, string]): boolean {
  const isExample = value.startsWith("…");
  return (
    value !== "" &&
    !isExample &&
    (secretName.test(name) || (random.test(value) && !uuid.test(value)))
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
