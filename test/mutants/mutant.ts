/**
 * Mistakes that the suites must notice, each made in the product by one replaced text. `find` stands
 * exactly once in `file` (test/unit/mutants.test.ts sees to it); where the product changes, so must it.
 */
export type Mutant = {
  /** What is broken, in a few words. */
  breaks: string;
  file: string;
  find: string;
  replace: string;
  /** Suites of which at least one must fail; the quickest that notices. */
  suites: readonly string[];
};
