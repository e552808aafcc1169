import type { z } from "zod";

/** Parses the JSON text of a setting; undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns a function that returns true if JSON has the fields of this shape; other fields are allowed. */
export function isShapedLike(shape: z.ZodType): (json: unknown) => boolean {
  return (json) => shape.safeParse(json).success;
}
