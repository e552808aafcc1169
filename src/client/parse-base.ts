import { usageError } from "./ferry-error.ts";
import type { FerryError } from "./ferry-error.ts";

const fix = "Use a URL such as https://example.azurewebsites.net or http://127.0.0.1:7071";

/**
 * Returns the URL of the API, without a slash at its end. `urlName`: the name that messages use for the setting with
 * the URL.
 */
export function parseBase(text: string, urlName: string): string {
  const refuse = (reason: string): FerryError =>
    usageError(`Cannot use ${urlName} because ${reason}${shown(text)}`, fix);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refuse("it is not a URL");
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw refuse("it does not begin with https:// or http://");
  }
  if (url.username !== "" || url.password !== "") {
    throw refuse("it contains a user or a password");
  }
  if (url.search !== "" || url.hash !== "") {
    throw refuse("it contains a query, and the key has a separate setting");
  }
  const path = url.pathname.replace(/\/+$/, "");
  return `${url.origin}${path.toLowerCase().endsWith("/api") ? path : `${path}/api`}`;
}

/** The maximum length of a word that is shown: keys and signatures are longer. */
const maxWordLength = 30;

/**
 * Completes a message with the value, without user, query and fragment. The value is omitted if the rest may contain
 * a secret: a person may have pasted the key instead of the URL.
 */
function shown(text: string): string {
  const rest = text.replace(/[?#].*$/s, "").replace(/^([a-z][a-z\d+.-]*:\/*)?.*@/is, "$1");
  const words = rest.split(/[.:/[\]]/);
  // If it has both, the end of neither is clear.
  const isMixed = text.includes("@") && /[?#]/.test(text);
  const isPlain =
    !isMixed && words.every((word) => /^[\w-]*$/.test(word) && word.length <= maxWordLength);
  return isPlain && rest !== ""
    ? `: ${rest}`
    : "; its value is not shown, because it may be secret";
}
