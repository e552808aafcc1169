import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Clock from "../../../src/local/clock.ts";
import type * as Host from "../../../src/local/host/host.ts";
import { send, serveOrders } from "./child-orders.ts";
import type { EmulatorAddresses } from "./emulator-child.ts";

/**
 * The process of the app: `app-child.ts <folder of the build> <file of the task hub> <addresses of the emulator>
 * [container of reports]`. Runs the build's compiled app on the build's own local host.
 */
const [build = "", stateFile = "", addresses = "", reports = ""] = process.argv.slice(2);
const { blobUrl, fileUrl, account, otherAccount }: EmulatorAddresses = JSON.parse(addresses);
const local = (file: string) => import(pathToFileURL(join(build, "dist/local", file)).href);
const { startFunctionsHost }: typeof Host = await local("host/host.js");
const { systemClock }: typeof Clock = await local("clock.js");

const blobEndpoint = `${blobUrl}/${account.name}`;
const otherEndpoint = `${blobUrl}/${otherAccount.name}`;
const from = `${blobEndpoint}/`;
const pairs = [blobEndpoint, otherEndpoint].map((to) => ({ from, to: `${to}/` }));
// Earlier builds do not have reports, and reject the word.
const reportPairs =
  reports === "" ? [] : [{ from, to: `${blobEndpoint}/${reports}/`, allow: ["report"] }];
const host = await startFunctionsHost({
  appDirectory: build,
  clock: systemClock(),
  port: 0,
  stateFile,
  environment: {
    AzureWebJobsStorage: `DefaultEndpointsProtocol=http;AccountName=${account.name};AccountKey=${account.key};BlobEndpoint=${blobEndpoint};`,
    COPY_EMULATOR: blobUrl,
    COPY_EMULATOR_FILES: fileUrl,
    COPY_ALLOWED: JSON.stringify([...pairs, ...reportPairs]),
    COPY_ROUTES: "[]",
    COPY_SECRET_KEYS: randomBytes(32).toString("base64"),
  },
  log({ level, kind, subject, message }) {
    if (level === "error" || level === "critical") console.error(`${subject} ${message}`);
    if (kind !== "orchestration" || !/ finished: |failed/.test(message)) return;
    send({ kind: "ended", instanceId: subject });
  },
});
serveOrders({ close: host.close });
send({ kind: "ready", ready: host.url });
