declare const copyIdBrand: unique symbol;
declare const instanceIdBrand: unique symbol;

/** Storage's id of a copy operation (`x-ms-copy-id`). Stored JSON contains it as a string. */
export type CopyId = string & { readonly [copyIdBrand]: true };

/** The id of a copy, which is also the id of its orchestration instance. Stored JSON contains it as a string. */
export type InstanceId = string & { readonly [instanceIdBrand]: true };

/** Types an `x-ms-copy-id` of a response from Storage. */
export function toCopyId(response: string): CopyId {
  return response as CopyId; // the brand has no runtime value, so only a cast can add it
}

/** Types the id of a copy where Ferry creates it, or where Durable or the ledger returns it. */
export function toInstanceId(text: string): InstanceId {
  return text as InstanceId; // the brand has no runtime value, so only a cast can add it
}
