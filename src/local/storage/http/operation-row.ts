import type { Resource } from "./storage-request.ts";

/** How to know a REST operation. The first row that fits wins. */
export type OperationRow = {
  name: string;
  on: Resource["level"];
  methods: string;
  restype?: string;
  comp?: string;
  /** Headers that must be there, some with one value. */
  sent?: readonly (readonly [name: string, value?: string])[];
};
