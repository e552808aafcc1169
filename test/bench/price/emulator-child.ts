import { systemClock } from "../../../src/local/clock.ts";
import { startStorageEmulator } from "../../../src/local/storage/emulator.ts";
import { send, serveOrders } from "./child-orders.ts";

/** The process of the Storage emulator: `emulator-child.ts <file of its state>`. */
export type EmulatorAddresses = {
  blobUrl: string;
  fileUrl: string;
  account: { name: string; key: string };
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
  finishOnStart: (value) => (emulator.copies.finishOnStart = value),
});
const [account] = emulator.accounts;
if (account === undefined) throw new Error("The emulator has no account");
const { blobUrl, fileUrl } = emulator;
const { name, key } = account;
send({ kind: "ready", ready: { blobUrl, fileUrl, account: { name, key } } });
