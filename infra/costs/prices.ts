import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const price = z.strictObject({
  name: z.string().min(1),
  price: z.number().positive(),
  /** The number of units that `amount` pays for. */
  per: z.int().positive(),
  freePerMonth: z.int().nonnegative(),
  /** The date on which the source listed this price. */
  date: z.iso.date(),
  source: z.string().min(1),
});

/** The content of prices.json. Amounts whose price is null are left out of the table. */
const pricesSchema = z.strictObject({
  currency: z.string().length(3),
  region: z.string().min(1),
  instanceGigabytes: z.union([z.literal(0.5), z.literal(2), z.literal(4)]),
  prices: z.strictObject({
    execution: price.nullable(),
    gigabyteSecond: price.nullable(),
    blobWrite: price.nullable(),
    blobRead: price.nullable(),
    blobOther: price.nullable(),
    blobList: price.nullable(),
    queueOperation: price.nullable(),
    tableOperation: price.nullable(),
    event: price.nullable(),
    logGigabyte: price.nullable(),
    virtualMachineHour: price.nullable(),
  }),
});

export type Prices = z.infer<typeof pricesSchema>;
export type PriceName = keyof Prices["prices"];

/** Reads prices.json. Throws if it has a different shape. */
export function readPrices(): Prices {
  const text = readFileSync(join(import.meta.dirname, "prices.json"), "utf8");
  return pricesSchema.parse(JSON.parse(text));
}

/** The cost of `units` in a month, or null if there is no price. */
export function amountOf({ prices }: Prices, name: PriceName, units: number): number | null {
  const { [name]: found } = prices;
  if (found === null) return null;
  return (Math.max(0, units - found.freePerMonth) / found.per) * found.price;
}
