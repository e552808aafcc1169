import type { Resource } from "./bicep.ts";

/** Azure's role reference, 2026-07: a second copy, to compare the table in the templates with. */
const builtInRoles: Record<string, string> = {
  "Durable Task Data Contributor": "0ad04412-c4d5-4796-b79c-f76d14c8d402",
  "EventGrid Data Sender": "d5a91429-5739-47e2-a06b-3470a27159e7",
  "Key Vault Secrets Officer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
  "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
  "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
  "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
  "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
  "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
  "Storage Blob Delegator": "db58b8e5-c6ad-4a2a-8342-4190687cbf4a",
  "Storage File Data Privileged Contributor": "69566ab7-960f-475b-8e7c-b3118f30c6bd",
  "Storage File Data Privileged Reader": "b8eda974-7b85-4f76-af95-65846b26df6d",
  "Storage File Delegator": "765a04e0-5de8-4bb2-9bf6-b2a30bc03e91",
  "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
  "Storage Queue Data Message Sender": "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
  "Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
};

/** The permitted purposes of each role, and the type of resource. A wider assignment is a violation. */
const grants: Record<string, { role: string[]; on: string }> = {
  "keep the state of the host and the ledger": {
    role: ["Storage Blob Data Owner"],
    on: "storageAccounts",
  },
  "keep the task hub and the diagnostic events of the host": {
    role: ["Storage Table Data Contributor"],
    on: "storageAccounts",
  },
  "read events from its queue": { role: ["Storage Queue Data Contributor"], on: "storageAccounts" },
  "keep the task hub": { role: ["Storage Queue Data Contributor"], on: "storageAccounts" },
  "send logs and traces": { role: ["Monitoring Metrics Publisher"], on: "components" },
  "run its orchestrations": { role: ["Durable Task Data Contributor"], on: "taskHubs" },
  "read the sealing keys": { role: ["Key Vault Secrets User"], on: "vaults" },
  "send notifications": { role: ["EventGrid Data Sender"], on: "topics" },
  "sign a SAS for the source of one copy": {
    role: ["Storage Blob Delegator", "Storage File Delegator"],
    on: "storageAccounts", // a delegation key is that of an account
  },
  "read a source": { role: ["Storage Blob Data Reader"], on: "containers" },
  "read a source, and its tags": { role: ["Storage Blob Data Owner"], on: "containers" },
  "read a source, and lease it": { role: ["Storage Blob Data Contributor"], on: "containers" },
  "read a source file": { role: ["Storage File Data Privileged Reader"], on: "shares" },
  "write a destination": { role: ["Storage Blob Data Contributor"], on: "containers" },
  "write a destination, and its tags": { role: ["Storage Blob Data Owner"], on: "containers" },
  "write a destination file": { role: ["Storage File Data Privileged Contributor"], on: "shares" },
};
/** Assignments to identities other than the app's. */
const otherGrants: Record<string, { role: string; on: string }> = {
  "for Event Grid to write dead letters": {
    role: "Storage Blob Data Contributor",
    on: "containers",
  },
  "for Event Grid to deliver events": { role: "Storage Queue Data Message Sender", on: "queues" },
  "for the deployer to create and rotate the sealing keys": {
    role: "Key Vault Secrets Officer",
    on: "vaults",
  },
};

type Assignment = Pick<Resource, "id"> & { properties: Record<string, unknown> };

/** The problem of a role assignment, or null. */
export function roleProblem({ id, properties }: Assignment): string | null {
  const described = /^Ferry: (.+?), (?:to )?(.+)$/.exec(String(properties["description"]));
  const [, role = "", why = ""] = described ?? [];
  const guid = String(properties["roleDefinitionId"]).split("/").at(-1) ?? "";
  if (builtInRoles[role] !== guid) return `calls ${guid} "${role}"`;
  if (typeof properties["principalType"] !== "string") return `has no principalType (${role})`;
  const type = (id.split("/providers/").at(-2) ?? "").split("/").at(-2) ?? "";
  const grant = grants[why];
  const isGranted = grant?.role.includes(role) === true && grant.on === type;
  const other = otherGrants[why];
  const isOther = other?.role === role && other.on === type;
  return isGranted || isOther ? null : `assigns ${role} on ${type} to ${why}`;
}
