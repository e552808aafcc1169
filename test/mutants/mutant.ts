/**
 * Mistakes that the suites must detect, each made in the product by one replaced text. `find` appears exactly once in
 * `file` (checked by test/unit/mutants.test.ts), and must follow changes of the product.
 */
export type Mutant = {
  /** The mistake in a few words. */
  breaks: string;
  file: string;
  find: string;
  replace: string;
  /** Suites of which at least one must fail; the quickest that detects it. */
  suites: readonly string[];
};
