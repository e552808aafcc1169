import { setTimeout } from "node:timers/promises";
import { azureCli } from "./azure-cli.ts";
import { createSealingKey } from "./create-sealing-key.ts";

/* Runs after the resources exist and before the code is deployed. */

const { FERRY_KEY_VAULT: vault = "", FERRY_KEY_SECRET: secret = "" } = process.env;
if (vault !== "") {
  const pause = (ms: number) => setTimeout(ms);
  console.log(await createSealingKey({ az: azureCli, vault, secret, pause }));
}
