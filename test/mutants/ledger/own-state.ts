import type { Mutant } from "../mutant.ts";

const state = "src/copy/request/own-state.ts";
const named = "src/settings/named-state.ts";
const account = "src/settings/own-account.ts";
const names = "src/copy/location/storage-names.ts";
const notices = "src/settings/notification-settings.ts";

const ownState = "test/unit/settings/own-state.test.ts";
const secretSettings = "test/unit/settings/secret-settings.test.ts";
const misplaced = "test/unit/copy/location/misplaced-sas.test.ts";
const signIn = "test/e2e/access/sign-in.test.ts";
const canaries = "test/e2e/secrets/settings-canary.test.ts";

/** Mistakes in the checks of pairs for the app's own state, of quotes in messages, and of callers. */
export const ownStateMutants: readonly Mutant[] = [
  {
    breaks: "a pair may contain the app's whole account",
    file: state,
    find: "return account === own.account && !isEmulated",
    replace: "return account === own.account && isEmulated",
    suites: [ownState],
  },
  {
    breaks: "a pair may name a container of the app's state",
    file: state,
    find: '? "is where this app and its host keep their state"',
    replace: "? null",
    suites: [ownState],
  },
  {
    breaks: "the container of the templates' package is not the app's state",
    file: state,
    find: '  "app-package",\n',
    replace: "",
    suites: [ownState],
  },
  {
    breaks: "dead letters are not the app's state",
    file: state,
    find: '  "dead-letters",\n',
    replace: "",
    suites: [ownState],
  },
  {
    breaks: "a package that a setting names is not the app's state",
    file: state,
    find: "if (isNamed) return true;",
    replace: "if (isNamed) return account === own.account;",
    suites: [ownState],
  },
  {
    breaks: "a pair that contains the app's state is not a problem of the settings",
    file: "src/settings/settings.ts",
    find: "if (own !== null) problems.push(...ownPairProblems(pairs, own, emulator));",
    replace:
      "if (own === null) problems.push(...ownPairProblems(pairs, { account: '', contentShare: null, named: [] }, emulator));",
    suites: [ownState],
  },
  {
    breaks: "a package is recognized only in lower case and without percent-encoding",
    file: named,
    find: "(decodePercent(part) ?? part).toLowerCase()",
    replace: '(decodePercent(part) === null ? "" : part)',
    suites: [ownState],
  },
  {
    breaks: "a package in the root container is not the app's state",
    file: named,
    find: 'second === undefined ? [first, "$root"] : [first]',
    replace: "[first]",
    suites: [ownState],
  },
  {
    breaks: "a package in a share is treated as one in a container",
    file: named,
    find: 'host.service === "file" ? "file" : "blob"',
    replace: '"blob"',
    suites: [ownState],
  },
  {
    breaks: "the container of the host's keys is not the app's state",
    file: named,
    find: '    environment["AzureWebJobsSecretStorageSas"],\n',
    replace: "",
    suites: [ownState],
  },
  {
    breaks: "a problem quotes AccountName, which may contain the key",
    file: account,
    find: "must contain AccountName with an account's name of 3 to 24 letters and digits`",
    replace:
      "must contain AccountName with an account's name of 3 to 24 letters and digits: ${name}`",
    suites: [secretSettings],
  },
  {
    breaks: "a problem quotes the host of a connection string",
    file: account,
    find: 'because Ferry cannot read the account from another URL",',
    replace: 'because Ferry cannot read the account from another URL: " + url.host,',
    suites: [secretSettings],
  },
  {
    breaks: "EndpointSuffix may contain the key",
    file: account,
    find: 'if (!values("EndpointSuffix").every(isHostLike)) {',
    replace: 'if (values("EndpointSuffix").filter(isHostLike).length > 1) {',
    suites: [secretSettings],
  },
  {
    breaks: "the URL of the app's account may have a path with the key",
    file: account,
    find: 'isOwn && pathname === "/" ?',
    replace: "isOwn ?",
    suites: [secretSettings],
  },
  {
    breaks: "the URL of the app's account may have a query with a SAS",
    file: account,
    find: 'if (url.search !== "" || url.hash !== "") return null;',
    replace: "",
    suites: [secretSettings],
  },
  {
    breaks: "the URL of an emulated account may have a path after it",
    file: account,
    find: 'if (rest.join("/") !== "") return null;',
    replace: "if (rest.length > 99) return null;",
    suites: ["test/unit/settings/own-account.test.ts"],
  },
  {
    breaks: "the topic's key may have characters that fetch rejects with the key",
    file: notices,
    find: "if (key !== null && !/^[\\x21-\\x7e]+$/.test(key)) {",
    replace: 'if (key !== null && key === "") {',
    suites: [secretSettings],
  },
  {
    breaks: "the webhook may have a password, which fetch rejects with its URL",
    file: notices,
    find: "if (hasUser) problems.push",
    replace: "if (hasUser && isLoopback) problems.push",
    suites: [secretSettings],
  },
  {
    breaks: "a connection string that the SDK rejects is printed",
    file: "src/main.ts",
    find: "  } catch {\n    throw new SettingsError([",
    replace:
      "  } catch (error) {\n    if (error instanceof Error) throw error;\n    throw new SettingsError([",
    suites: [canaries],
  },
  {
    breaks: "a text that is not a host is quoted",
    file: "src/copy/location/characters.ts",
    find: "return /^[a-z0-9.:[\\]-]+$/i.test(host);",
    replace: "return host.length > 0;",
    suites: [misplaced],
  },
  {
    breaks: "a place outside Storage may have a SAS in its host",
    file: "src/copy/request/access-policy.ts",
    find: "return isHostLike(url.hostname) && ",
    replace: 'return (isHostLike(url.hostname) || url.port === "") && ',
    suites: [secretSettings],
  },
  {
    breaks: "a text that is not a name is quoted",
    file: names,
    find: "&& /^[\\p{L}\\p{N} ._-]+$/u.test(name)",
    replace: "",
    suites: [misplaced],
  },
  {
    breaks: "a SAS in a name is found only behind ? and &",
    file: names,
    find: "/(^|[^\\p{L}\\p{N}._-])sig\\s*=/iu",
    replace: "/(^|[?&])sig\\s*=/iu",
    suites: [misplaced],
  },
  {
    breaks: "a SAS in a name is found only when it is decoded once",
    file: names,
    find: "sig\\s*=/iu.test(decodeFully(path));",
    replace: "sig\\s*=/iu.test(path);",
    suites: [misplaced],
  },
  {
    breaks: "a caller without sign-in may use the API without a key",
    file: "src/triggers/http/route-handler.ts",
    find: "needsSignIn ? requireSignIn(held, principals) : held",
    replace: "needsSignIn ? requireSignIn(held, principals) && held : held",
    suites: [signIn],
  },
  {
    breaks: "an empty principal counts as sign-in",
    file: "src/triggers/http/principals.ts",
    find: 'if (id === null || id === "") return null;',
    replace: "if (id === null) return null;",
    suites: [signIn],
  },
  {
    breaks: "a damaged record hides the other copies of a list",
    file: "src/triggers/http/list-copies.ts",
    find: "if (!(error instanceof DamagedBlobError)) throw error;",
    replace: "if (!(error instanceof DamagedBlobError) || !listed.isDeleted) throw error;",
    suites: ["test/e2e/recovery/damaged-blobs.test.ts"],
  },
  {
    breaks: "the shape of a record is not checked",
    file: "src/ledger/records.ts",
    find: "(recordName(instanceId), isRecord)",
    replace: "(recordName(instanceId))",
    suites: ["test/e2e/recovery/damaged-blobs.test.ts"],
  },
  {
    breaks: "the shape of a lock is not checked",
    file: "src/ledger/destinations/locks.ts",
    find: "blobs.read<Lock>(name, isLock)",
    replace: "blobs.read<Lock>(name)",
    suites: ["test/e2e/recovery/damaged-blobs.test.ts"],
  },
  {
    breaks: "the shape of a claim is not checked",
    file: "src/ledger/blob-ledger.ts",
    find: "(claimBlob(name), isClaim);",
    replace: "(claimBlob(name));",
    suites: ["test/e2e/recovery/damaged-blobs.test.ts"],
  },
  {
    breaks: "a damaged position stops a scan",
    file: "src/ledger/scan-position.ts",
    find: "if (error instanceof DamagedBlobError) return null;",
    replace: "",
    suites: ["test/contract/ledger/ledger-emulator.test.ts"],
  },
  {
    breaks: "a damaged mark of wakes stops wakes",
    file: "src/ledger/destinations/wake-marks.ts",
    find: "if (!(error instanceof DamagedBlobError)) throw error;",
    replace: "throw error;",
    suites: ["test/contract/ledger/ledger-emulator.test.ts"],
  },
];
