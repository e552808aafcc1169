/** Row (a folder or file of `src/`) → what its files may import, and the reason that lint gives. */
export declare const boundaries: Record<string, { reason: string; may: readonly string[] }>;
