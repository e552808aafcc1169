import type { Fault } from "./faults.ts";

/** Mistakes in the delivery of events to the app's queue. */
export const queueFaults: Fault[] = [
  {
    breaks: "events are delivered to the queue without an identity",
    file: "modules/event-subscriptions.bicep",
    find: "            identity: { type: 'SystemAssigned' }\n",
    replace: "",
    shownBy: "queue",
    problem: /delivers neither to the function nor, as itself, to a queue/,
  },
  {
    breaks: "Event Grid may also read the events in the queue",
    file: "modules/queue-sender-role.bicep",
    find: "roles['Storage Queue Data Message Sender']",
    replace: "roles['Storage Queue Data Contributor']",
    shownBy: "queue",
    problem: /calls 974c5e8b-45b9-4653-ba55-5f855dd0fb88/,
  },
  {
    breaks: "the app does not read its queue",
    file: "main.bicep",
    find: "{ COPY_EVENT_QUEUE: eventQueue }",
    replace: "{ COPY_EVENTS: eventQueue }",
    shownBy: "routes",
    problem: /do not write COPY_EVENT_QUEUE, which the app reads/,
  },
];
