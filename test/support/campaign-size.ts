/**
 * Campaigns run at full size in `npm run test:all` and `npm run soak`, which start vitest with `--mode full`, and at small
 * size for the mutants (`--mode campaigns`). `test/vitest.config.ts` passes the size on.
 */
export const isFullSize = process.env["CAMPAIGN_SIZE"] === "full";

export function sized<T>(sizes: { small: T; full: T }): T {
  return isFullSize ? sizes.full : sizes.small;
}
