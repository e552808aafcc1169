const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Writes a number of bytes with three digits, in binary units as the Azure portal does: "12.3 MiB". */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // From 999.5, three digits are not enough; whole bytes are exact.
  while (value >= (unit === 0 ? 1_024 : 999.5) && unit < units.length - 1) {
    value /= 1_024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}
