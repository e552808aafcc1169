import * as fc from "fast-check";
import { seedFor } from "./support/seeds.ts";

/** Vitest runs this before each test file: properties that name no seed use the committed one. */
fc.configureGlobal({ seed: seedFor("PROPERTY_SEED") });
