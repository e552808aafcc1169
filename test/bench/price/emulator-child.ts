import { systemClock } from "../../../src/local/clock.ts";
import { startStorageEmulator } from "../../../src/local/storage/emulator.ts";
import { send, serveOrders } from "./child-orders.ts";

/** The process of the Storage emulator: `emulator-child.ts <file of its state>`. */
export type EmulatorAddresses = {
  blobUrl: string;
  fileUrl: string;
  account: { name: string; key: string };
  otherAccount: { name: string; key: string };
};

const [file = ":memory:"] = process.argv.slice(2);
const emulator = await startStorageEmulator({
  clock: systemClock(),
  blobPort: 0,
  file,
  copies: { finishOnStart: "same-account" },
});
serveOrders({
  close: emulator.close,
  setCopies: (settings) => void Object.assign(emulator.copies, settings),
  requests: (operation) =>
    operation === undefined
      ? [...emulator.requestCounts.values()].reduce((sum, each) => sum + each, 0)
      : (emulator.requestCounts.get(operation) ?? 0),
});
const [account, otherAccount] = emulator.accounts;
if (account === undefined || otherAccount === undefined) {
  throw new Error("The emulator must have two accounts");
}
const { blobUrl, fileUrl } = emulator;
const ready: EmulatorAddresses = { blobUrl, fileUrl, account, otherAccount };
send({ kind: "ready", ready });
