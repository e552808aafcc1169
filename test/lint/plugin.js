import { rule as boundaries } from "./boundaries.js";
import { rule as noClock } from "./no-clock.js";

/** The project's own lint rules. */
export default { meta: { name: "ferry" }, rules: { boundaries: boundaries, "no-clock": noClock } };
