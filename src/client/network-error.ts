/** Why a call got no response, by Node's code; browsers give no code. */
export type NetworkFailure = {
  /** A `network` error may pass; the others stay until a setting changes. */
  causeName: "network" | "wrong-protocol" | "not-trusted";
  /** Completes "because …". */
  reason: string;
  fix: string;
  /** Whether the app may have received the call. */
  mayHaveArrived: boolean;
};

type Row = Pick<NetworkFailure, "reason"> & {
  codes: RegExp;
  fix: string | ((url: URL) => string);
  causeName?: NetworkFailure["causeName"];
  neverArrived?: true;
};

const useHttp = "Use http:// in the URL";
const noTls = (url: URL) =>
  isLoopback(url)
    ? useHttp
    : "Check the port in the URL; http:// is only for an app on this machine, because it does not encrypt the key";
const closed = ({ protocol }: URL) =>
  protocol === "http:"
    ? "Try again; if the server speaks TLS, use https:// in the URL"
    : "Try again; if it fails in the same way, check the app's log, and the proxies before it";

/** The first row whose codes match applies. */
const rows: readonly Row[] = [
  {
    codes: /^ECONNREFUSED$/,
    reason: "nothing listens at this address",
    fix: "Check that the app is running, and that the host and the port in the URL are right",
    neverArrived: true,
  },
  {
    codes: /^ENOTFOUND$/,
    reason: "its host has no address",
    fix: "Check the host in the URL",
    neverArrived: true,
  },
  {
    codes: /^EAI_/,
    reason: "the address of its host could not be looked up",
    fix: "Check the network, and its DNS server",
    neverArrived: true,
  },
  {
    codes: /^E(HOST|NET)(UNREACH|DOWN)$/,
    reason: "the network has no route to this address",
    fix: "Check the network, the VPN and the firewall",
    neverArrived: true,
  },
  {
    codes: /^UND_ERR_CONNECT_TIMEOUT$/,
    reason: "the connection was not made in time",
    fix: "Check the host and the port in the URL, and that no firewall blocks them",
    neverArrived: true,
  },
  {
    codes: /TIMEOUT$|^ETIMEDOUT$/,
    reason: "the response did not come in time",
    fix: "Try again; if it fails in the same way, check the network",
  },
  {
    codes: /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/,
    reason: "its certificate is not valid at this time",
    fix: "Renew the certificate, or correct this machine's clock",
    causeName: "not-trusted",
    neverArrived: true,
  },
  {
    codes: /ALTNAME|HOSTNAME_MISMATCH/,
    reason: "its certificate is for another host",
    fix: "Use the host in the URL that the certificate names",
    causeName: "not-trusted",
    neverArrived: true,
  },
  {
    codes: /CERT|^UNABLE_TO_|^INVALID_(CA|PURPOSE)$/,
    reason: "its certificate is not from an issuer that this machine trusts",
    fix: "If you trust it, set NODE_EXTRA_CA_CERTS to the file with the certificate of its issuer",
    causeName: "not-trusted",
    neverArrived: true,
  },
  {
    codes: /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNKNOWN_PROTOCOL|HTTP_REQUEST)$/,
    reason: "the server at this address does not speak TLS",
    fix: noTls,
    causeName: "wrong-protocol",
    neverArrived: true,
  },
  {
    codes: /^ERR_SSL_|^EPROTO$/,
    reason: "the TLS connection failed",
    fix: "Check the URL, and the proxies before the app",
    causeName: "wrong-protocol",
    neverArrived: true,
  },
  {
    codes: /^HPE_|^HTTPParserError$/,
    reason: "the server at this address does not speak HTTP",
    fix: "Check the port in the URL",
    causeName: "wrong-protocol",
  },
  {
    codes: /^ECONN|^EPIPE$|^UND_ERR_SOCKET$/,
    reason: "the connection was closed before the response was complete",
    fix: closed,
  },
];

/** The URL of the API, and the name that messages use for its setting. */
export type Address = { base: string; urlName: string };

/** Classifies the error of `fetch`. */
export function classifyNetworkError(error: unknown, { base, urlName }: Address): NetworkFailure {
  const code = codeOf(error);
  const row = code === null ? undefined : rows.find(({ codes }) => codes.test(code));
  if (row === undefined) {
    return {
      causeName: "network",
      reason: `there was no complete response: ${code ?? messageOf(error)}`,
      fix: `Check that the app is running, and that ${urlName} is right`,
      mayHaveArrived: true,
    };
  }
  const { fix, causeName = "network", neverArrived = false } = row;
  return {
    causeName,
    reason: `${row.reason}: ${code}`,
    fix: (typeof fix === "string" ? fix : fix(new URL(base))).replace("the URL", () => urlName),
    mayHaveArrived: !neverArrived,
  };
}

/** Returns whether a URL leads to this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function codeOf(error: unknown): string | null {
  const { cause } = Object(error) as { cause?: unknown };
  const { code, name } = Object(cause) as { code?: unknown; name?: unknown };
  if (typeof code === "string" && code !== "") return code;
  // In some versions of Node this error has no code.
  return name === "HTTPParserError" ? name : null;
}

/** Node's fetch has the reason in the cause of its error; browsers give none. */
function messageOf(error: unknown): string {
  const { cause, message } = Object(error) as { cause?: unknown; message?: unknown };
  const { message: inner } = Object(cause) as { message?: unknown };
  const reason = [inner, message].find((each) => typeof each === "string" && each !== "");
  return typeof reason === "string" ? reason : "no reason is known";
}
