import type { Resource } from "./storage-request.ts";

/** The requests that a REST operation handles. The first matching row of a table applies. */
export type OperationRow = {
  name: string;
  level: Resource["level"];
  /** Separated by spaces. */
  methods: string;
  restype?: string;
  comp?: string;
  /** Headers that the request must have, some with a fixed value. */
  headers?: readonly (readonly [name: string, value?: string])[];
};
