import { expect, test } from "vitest";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { epochMs } from "../../../src/copy/time.ts";
import { startStorage } from "../../support/stack/emulator.ts";
import { createSteps } from "../../support/stack/steps.ts";

const key = { caller: "", key: "order-1" };

async function claims() {
  const storage = await startStorage();
  const { ledger } = createSteps(storage);
  const now = epochMs(storage.clock.now());
  const claim = () => ({ instanceId: newInstanceId(now), fingerprint: "" });
  return { ledger, claim, faults: storage.emulator.faults };
}

test("a claim whose response was lost belongs to its caller", async () => {
  const { ledger, claim, faults } = await claims();
  faults.add({ operation: "PutBlob", times: 1, do: "lose response" });
  const own = claim();
  expect(await ledger.claim(key, own)).toMatchObject(own);
});

test("a claim that is purged while it is read is created again, not just returned", async () => {
  const { ledger, claim, faults } = await claims();
  const { name } = await ledger.claim(key, claim());
  faults.add({
    operation: "GetBlob",
    times: 1,
    do: { response: { status: 404, code: "BlobNotFound" } },
  });
  const returned = await ledger.claim(key, claim());
  expect(await ledger.retention.readClaim(name)).toMatchObject({
    instanceId: returned.instanceId,
  });
});
