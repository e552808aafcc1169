/** From `afterMs` after the start delay on, so many bytes are told as copied. */
export type ProgressStep = { afterMs: number; bytesCopied: number };

/** How fast copies go. Fixed into each copy when it starts. */
export type CopySettings = {
  /** 0 stalls; Infinity finishes as soon as the delay is over. */
  bytesPerSecond: number;
  /** Time between the start's answer and the first copied byte. */
  startDelayMs: number;
  /** Which copies answer `success` to the start; the service decides so by rules it does not tell. */
  finishOnStart: "never" | "same-account" | "always";
  /** `x-ms-copy-progress` moves in steps of this size; 1 when absent. */
  publishEveryBytes?: number;
  /** Played in place of a speed, until a control changes it: the last step is the end. */
  steps?: readonly ProgressStep[];
  /** How long bytes take out of the archive, by `x-ms-rehydrate-priority`, before they are copied. */
  rehydrationMs: Readonly<Record<"Standard" | "High", number>>;
  /** Other settings for one destination: container and blob, or share and path. */
  forDestination?: (container: string, name: string) => Partial<CopySettings> | undefined;
};

const hour = 60 * 60 * 1000;

export const defaultCopySettings: CopySettings = {
  bytesPerSecond: 8 * 1024 * 1024,
  startDelayMs: 0,
  finishOnStart: "never",
  // "may take up to 15 hours", and "may complete in under one hour" (page "Rehydration priority").
  rehydrationMs: { Standard: 15 * hour, High: hour },
};

export function settingsFor(settings: CopySettings, container: string, name: string): CopySettings {
  return { ...settings, ...settings.forDestination?.(container, name) };
}
