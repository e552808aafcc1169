/**
 * Differences from the extension, each made in a copy of the local engine by one replaced text. `find` appears
 * exactly once in `file`, and must follow changes of the engine.
 */
export type SeededDifference = {
  what: string;
  /** Below src/local/. */
  file: string;
  find: string;
  replace: string;
  /** A call of parity/calls.ts to which both engines respond identically, and which shows the difference. */
  call: string;
};

const management = "durable/management/management-api.ts";

export const seededDifferences: readonly SeededDifference[] = [
  {
    what: "a status request for a running instance returns 200",
    file: management,
    find: 'json(202, body, { location: request.url.href, "retry-after": "5" })',
    replace: 'json(200, body, { location: request.url.href, "retry-after": "5" })',
    call: "status of a running instance",
  },
  {
    what: "the response to a start asks to wait for a second",
    file: management,
    find: '"retry-after": "10"',
    replace: '"retry-after": "1"',
    call: "start with an id",
  },
  {
    what: "an event to an ended instance is accepted",
    file: management,
    find: 'if (delivery === "already finished") return empty(410);',
    replace: 'if (delivery === "already finished") return empty(202);',
    call: "event to an ended instance",
  },
  {
    what: "an event to an unknown instance is accepted",
    file: management,
    find: 'if (delivery === "no such instance") return notFound;',
    replace: 'if (delivery === "no such instance") return { status: 202, headers: {}, body: "" };',
    call: "event to an unknown instance",
  },
  {
    what: "an event may be plain text",
    file: management,
    find: "if (!/^application\\/json\\b/i.test(",
    replace: "if (/^nothing$/i.test(",
    call: "event as plain text",
  },
  {
    what: "the input is shown although it is not asked for",
    file: "durable/management/request-parts.ts",
    find: 'isTrue(request, "showInput", true)',
    replace: 'isTrue(request, "nothing", true)',
    call: "status without the input",
  },
  {
    what: "a purge reports no deleted instance",
    file: management,
    find: "instancesDeleted: purge(hub, [instance])",
    replace: "instancesDeleted: purge(hub, [instance]) - 1",
    call: "purge an ended instance",
  },
  {
    what: "times have fractions of a second",
    file: "durable/management/instance-status.ts",
    find: "toISOString().slice(0, 19)",
    replace: "toISOString().slice(0, 23)",
    call: "status of a completed instance",
  },
  {
    what: "a failure does not name its function",
    file: "durable/turn/take-turn.ts",
    find: "Orchestrator function '${name}' failed: ${reason}",
    replace: "${reason}",
    call: "status of a failed instance",
  },
  {
    what: "an activity gets a boolean as JSON",
    file: "host/worker/typed-data.ts",
    find: '{ string: input ? "True" : "False" }',
    replace: '{ string: input ? "true" : "false" }',
    call: "status of an instance that collected activity inputs",
  },
];
