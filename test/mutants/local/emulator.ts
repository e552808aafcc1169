import type { Mutant } from "../mutant.ts";

const signatures = "test/contract/emulator/clients/signatures.test.ts";
const checksums = "test/contract/emulator/clients/checksums.test.ts";
const recorded = "test/contract/emulator/clients/recorded.test.ts";
const refusals = "test/contract/emulator/clients/refusals.test.ts";
const sharedKey = "src/local/storage/auth/shared-key.ts";
const sas = "src/local/storage/auth/sas-verification.ts";
const bodyChecksums = "src/local/storage/http/body-checksums.ts";

/** Mistakes in the Storage emulator. */
export const emulatorMutants: readonly Mutant[] = [
  {
    breaks: "the emulator rejects signatures over empty query values",
    file: sharedKey,
    find: 'emptyValues: "signed" });',
    replace: 'emptyValues: "left out" });',
    suites: [signatures],
  },
  {
    breaks: "the emulator rejects signatures without the empty query values",
    file: sharedKey,
    find: 'emptyValues: "left out" }))) return;',
    replace: 'emptyValues: "signed" }))) return;',
    suites: [signatures],
  },
  {
    breaks: "the emulator's signature does not cover query values",
    file: sharedKey,
    find: 'if (value === "" && emptyValues === "left out") continue;',
    replace: 'if (name === "prefix" || (value === "" && emptyValues === "left out")) continue;',
    suites: [signatures],
  },
  {
    breaks: "the emulator accepts any Shared Key signature",
    file: sharedKey,
    find: "const isValid = (text: string) => isValidSignature(text, { signature, key: account.key });",
    replace: "const isValid = (text: string) => text !== account.key && signature !== undefined;",
    suites: [signatures],
  },
  {
    breaks: "the emulator checks a SAS by stored access policy as if it had no policy",
    file: sas,
    find: 'if (delegation === null && !isAccountSas && field("si") !== "")',
    replace: 'if (delegation === null && !isAccountSas && field("si") === "none")',
    suites: [signatures],
  },
  {
    breaks: "the emulator accepts any text that JavaScript parses as a time in a SAS",
    file: sas,
    find: "return date === undefined ? NaN : Date.parse(`${date}T${time}${zone.toUpperCase()}`);",
    replace: "return date === time ? NaN : Date.parse(text === zone ? time : text);",
    suites: [signatures],
  },
  {
    breaks: "the emulator stores a body whose MD5 differs from the announced one of its blob",
    file: bodyChecksums,
    find: 'const md5 = nonEmpty(headers, "x-ms-blob-content-md5") ?? nonEmpty(headers, "content-md5");',
    replace: 'const md5 = nonEmpty(headers, "content-md5");',
    suites: [checksums],
  },
  {
    breaks: "the emulator stores a body whose CRC64 differs from the announced one",
    file: bodyChecksums,
    find: "if (announced === undefined || announced === calculated) return calculated;",
    replace: "if (announced !== null) return calculated;",
    suites: [checksums],
  },
  {
    breaks: "the emulator compares lease ids as texts",
    file: "src/local/storage/leases/lease-ids.ts",
    find: "return digits.toLowerCase().replace(",
    replace: "return text.toLowerCase().replace(",
    suites: [recorded],
  },
  {
    breaks: "the emulator ignores unknown datasets of a list",
    file: "src/local/storage/calls/listing-page.ts",
    find: "if (!known.includes(name)) {",
    replace: "if (known.length === 0) {",
    suites: [refusals],
  },
  {
    breaks: "the emulator completes long copies in their start",
    file: "src/local/storage/copies/copy-start-and-abort.ts",
    find: "if (source.object.length > maxFinishOnStartBytes) return false;",
    replace: "if (source.object.length === maxFinishOnStartBytes) return false;",
    suites: [recorded],
  },
  {
    breaks: "the emulator accepts blocks whose ids have different lengths before encoding",
    file: "src/local/storage/blobs/block-blobs.ts",
    find: 'Buffer.byteLength(block.name ?? "", "base64") !== bytes.length',
    replace: "block.name?.length !== name.length",
    suites: [refusals],
  },
];
