import { z } from "zod";
import { isShapedLike } from "../../copy/json.ts";

/*
 * The parts of the stored shapes without which no job can be worked on. A blob without them is damaged: Ferry writes each
 * of its blobs completely, but an operator, a tool or a restore may not have. Other fields are not checked.
 */

const version = z.literal(1);
const place = z.object({ container: z.object({ container: z.string() }), prefix: z.string() });

const jobRecord = z.object({
  version,
  input: z.object({
    source: place,
    destination: place,
    select: z.object({}),
    options: z.object({}),
  }),
  wanted: z.string(),
  generation: z.number(),
  open: z.array(z.unknown()),
});

const pagePlan = z.object({
  version,
  page: z.number(),
  plannedAt: z.string(),
  objects: z.array(z.object({ name: z.string(), etag: z.string(), do: z.object({}) })),
});

const pageProgress = z.object({
  version,
  page: z.number(),
  states: z.array(z.object({ is: z.string() }).nullable()),
  runs: z.array(z.object({ id: z.string() })),
});

const activeJobs = z.object({
  jobs: z.array(
    z.object({
      instanceId: z.string(),
      generation: z.number(),
      destination: z.string(),
      since: z.number(),
    }),
  ),
});

/** Each returns true if the JSON has the parts of its shape that are checked. */
export const isJobRecord = isShapedLike(jobRecord);
export const isPagePlan = isShapedLike(pagePlan);
export const isPageProgress = isShapedLike(pageProgress);
export const isActiveList = isShapedLike(activeJobs);
