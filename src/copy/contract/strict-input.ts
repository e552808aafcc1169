import { z } from "zod";
import { identityOf } from "../location/endpoint.ts";
import type { Endpoint } from "../location/endpoint.ts";
import type { EpochMs } from "../time.ts";
import { upgradeCopyInput } from "./activities.ts";
import type {
  CopyInput,
  NotifyInput,
  PollInput,
  RepairInput,
  SettleInput,
  StartInput,
} from "./activities.ts";
import { failure } from "./failure.ts";
import type { Failure } from "./failure.ts";
import { buildOutcome } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import {
  copyEndpoints,
  copyId,
  copyInput,
  copyPlan,
  copyResult,
  endFacts,
  instanceId,
  ledgerEtag,
  orchestrationRecord,
  outcome,
  settlement,
  writtenCopyInput,
} from "./stored-shapes.ts";

/*
 * Parses the inputs of orchestrations and activities. Ferry's triggers write only valid ones, but a client that has
 * the key of the task hub, or write access to it, can pass any JSON. Each function returns null for an input that
 * Ferry cannot have written. Endpoints may still name any host: the activities check that with the settings.
 */

type Parse<T> = (json: unknown) => T | null;

/**
 * In characters of the JSON; this limits fields that the shape does not have. Two copies with two long SAS need
 * 400,000.
 */
const maxInputLength = 1_024 * 1_024;

/** The JSON itself is returned, because unknown fields of a newer release must stay in it. */
function parser<T>(shape: z.ZodType): Parse<T> {
  // The shape describes T; brands, and optional fields of the text "undefined", prevent the inference of T.
  return (json) =>
    shape.safeParse(json).success && JSON.stringify(json).length <= maxInputLength
      ? (json as T)
      : null;
}

type Places = { source: Endpoint; destination: Endpoint };

/**
 * A plan contains a snapshot of the source only if it copies a blob onto itself. Otherwise, the snapshot would be
 * another source.
 */
function isPlanOf(plan: { source: { snapshot?: string } } | null, copy: Places): boolean {
  return (
    plan?.source.snapshot === undefined || identityOf(copy.source) === identityOf(copy.destination)
  );
}

const written = parser<CopyInput>(writtenCopyInput);

/** Parses the input of `copyOrchestration`, with all options. */
export function parseCopyInput(json: unknown): CopyInput | null {
  const input = written(json);
  return input === null ? null : upgradeCopyInput(input);
}

const repair = parser<RepairInput>(
  z
    .object({
      version: z.literal(1),
      instanceId,
      copy: writtenCopyInput,
      plan: copyPlan.nullable(),
      copyId: copyId.nullable(),
      settlement: settlement.nullable(),
      record: orchestrationRecord,
    })
    .refine(
      ({ copy, plan, settlement: begun }) =>
        isPlanOf(plan, copy) && isPlanOf(begun?.plan ?? null, copy),
    ),
);

/** Parses the input of `repairOrchestration`, with all options of the copy. */
export function parseRepairInput(json: unknown): RepairInput | null {
  const input = repair(json);
  return input === null ? null : { ...input, copy: upgradeCopyInput(input.copy) };
}

const isTrue = z.literal(true).exactOptional();
const step = z.object({ instanceId, copy: copyInput });
const reference = z.object({ instanceId, copy: copyEndpoints });

const kept = z.object({ lock: ledgerEtag.nullable(), record: ledgerEtag.nullable() }).nullable();

export const parseStartInput = parser<StartInput>(
  step.extend({
    attempt: z.number().int().positive(),
    kept,
    awaitedCopyId: copyId.exactOptional(),
    asksPosition: isTrue,
  }),
);
export const parsePollInput = parser<PollInput>(
  reference.extend({ plan: copyPlan, copyId }).refine(({ copy, plan }) => isPlanOf(plan, copy)),
);
export const parseSettleInput = parser<SettleInput>(
  reference
    .extend({
      plan: copyPlan.nullable(),
      copyId: copyId.nullable(),
      result: copyResult,
      record: orchestrationRecord,
      notifies: copyInput.exactOptional(),
      createdAt: copyInput.shape.createdAt.exactOptional(),
      facts: endFacts.exactOptional(),
      kept,
      wasWoken: isTrue,
      isLastAttempt: z.boolean(),
    })
    .refine(({ copy, plan }) => isPlanOf(plan, copy)),
);
export const parseNotifyInput = parser<NotifyInput>(
  step.extend({ outcome, targets: z.array(z.string().max(64)).max(16).nullable() }),
);

/** The failure of an input that Ferry cannot have written. It does not quote the input. */
export function invalidInput(): Failure {
  const message =
    "Cannot process the copy because this app cannot have written its input; it was started without a request or an event";
  return failure("not-allowed", message);
}

/** The outcome of an orchestration with an invalid input. It is not recorded. `now`: epoch ms. */
export function refusedOutcome(now: EpochMs): Outcome {
  return buildOutcome(
    { kind: "not-started", failure: invalidInput() },
    {
      copyId: null,
      record: { abortRequested: false, startedAt: null, statusReads: 0 },
      residue: [],
      settledAt: now,
      createdAt: null,
    },
  );
}
