import { expect, test } from "vitest";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatWord,
} from "../../../src/dashboard/page/text/format.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_023, "1023 B"],
  [1_024, "1.00 KiB"],
  [12_595, "12.3 KiB"],
  [1_023_487, "999 KiB"],
  [1_023_488, "0.98 MiB"],
  [200_000_000, "191 MiB"],
  [190_700_000_000_000, "173 TiB"],
  [2 ** 62, "4096 PiB"],
])("%d bytes are written as %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [-5, "0 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [125_000, "2 min 5 s"],
  [7_500_000, "2 h 5 min"],
  [90_000_000, "1 d 1 h"],
  [14 * 86_400_000, "14 d"],
])("%d ms are written as %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test.each([
  [-1_000, "now"],
  [1_000, "now"],
  [30_000, "30 s ago"],
  [200_000, "3 min ago"],
  [7_200_000, "2 h ago"],
  [172_800_000, "2 d ago"],
])("%d ms are %s", (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});

test("words of the API and counts are written for people", () => {
  expect(formatWord("destination-exists")).toBe("Destination exists");
  expect([1, 1_204].map((count) => formatCount(count))).toEqual(["1 copy", "1,204 copies"]);
});
