/** How fast copies go. Fixed into each copy when it starts. */
export type CopySettings = {
  /** 0 stalls; Infinity finishes as soon as the delay is over. */
  bytesPerSecond: number;
  /** Time between the start's answer and the first copied byte. */
  startDelayMs: number;
  /** Which copies answer `success` to the start; the service decides so by rules it does not tell. */
  finishAtOnce: "never" | "same-account" | "always";
  /** `x-ms-copy-progress` moves in steps of this size; 1 when absent. */
  publishEveryBytes?: number;
  /** Other settings for one destination. */
  forDestination?: (container: string, blob: string) => Partial<CopySettings> | undefined;
};

export const defaultCopySettings: CopySettings = {
  bytesPerSecond: 8 * 1024 * 1024,
  startDelayMs: 0,
  finishAtOnce: "never",
};

export function settingsFor(
  settings: CopySettings,
  { container, blob }: { container: string; blob: string },
): CopySettings {
  return { ...settings, ...settings.forDestination?.(container, blob) };
}
