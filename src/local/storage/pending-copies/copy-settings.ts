import { hour } from "../http/durations.ts";

/** `bytesCopied` is reported once `afterMs` have passed since the end of the start delay. */
export type ProgressStep = { afterMs: number; bytesCopied: number };

/** Speed and timing of copies. Each copy keeps the settings of its start. */
export type CopySettings = {
  /** 0 stalls; Infinity completes after the start delay. */
  bytesPerSecond: number;
  /** Time between the response to the start and the first copied byte. */
  startDelayMs: number;
  /** Which copies complete in the start, with the status `success`. Azure does not document its rules. */
  finishOnStart: "never" | "same-account" | "always";
  /** Longer copies do not complete in their start. Default: no limit. */
  maxFinishOnStartBytes?: number;
  /** `x-ms-copy-progress` advances in steps of this size. Default: 1. */
  publishEveryBytes?: number;
  /** Replaces the speed until a control changes it. The copy completes with the last step. */
  steps?: readonly ProgressStep[];
  /** Duration of a rehydration from the archive tier, by `x-ms-rehydrate-priority`. */
  rehydrationMs: Readonly<Record<"Standard" | "High", number>>;
  /** Overrides settings for one destination: container and blob, or share and path. */
  forDestination?: (container: string, name: string) => Partial<CopySettings> | undefined;
};

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
