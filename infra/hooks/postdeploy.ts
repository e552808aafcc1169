import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { azureCli } from "./azure-cli.ts";
import { deployEvents } from "./deploy-events.ts";
import { readVariables } from "./environment.ts";

/* Runs after the code is deployed, because the event subscriptions need the function. */

await deployEvents({
  az: azureCli,
  directory: join(import.meta.dirname, ".."),
  variables: readVariables(process.env, [
    "AZURE_ENV_NAME",
    "AZURE_LOCATION",
    "FERRY_APP_ID",
    "FERRY_STATE_ACCOUNT_ID",
    "FERRY_DEAD_LETTERS",
  ]),
  log: console.log,
  pause: (ms) => setTimeout(ms),
});
