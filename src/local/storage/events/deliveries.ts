import { randomUUID } from "node:crypto";
import type { Cancel, Clock } from "../../clock.ts";
import type { Store } from "../store/store.ts";
import {
  deleteEvent,
  nextCopyEndTime,
  removeSubscription,
  saveSubscription,
  findSubscriptions,
  findUndeliveredEvents,
  type BlobCreated,
  type Subscription,
} from "./event-rows.ts";
import { buildValidationEvent, buildBlobCreated, type WireEvent } from "./wire-events.ts";

/** What becomes of an event on its way: delivered `times` times (0 drops it), each after `delayMs`. */
export type DeliveryPlan = { times?: number; delayMs?: number | (() => number) };

export type StorageEvents = {
  /** Asks the webhook whether it wants events, as Event Grid does, and from then on sends them. */
  subscribe(wanted: SubscriptionOptions): Promise<void>;
  unsubscribe(name: string): void;
  /** Decides over every event that is noted from now on; null for the ordinary way. */
  planDelivery: ((event: BlobCreated) => DeliveryPlan) | null;
};

/** Event Grid's schema, a flat namespace and every subject, where nothing else is said. */
export type SubscriptionOptions = Pick<Subscription, "name" | "url"> & Partial<Subscription>;

export type Deliveries = StorageEvents & {
  /** Something may have been noted, or a copy have begun. */
  refresh(): void;
  close(): void;
};

/** "Event Grid message delivery and retry"; hourly after these. */
const retryDelaysMs = [10, 30, 60, 300, 600, 1_800, 3_600].map((seconds) => seconds * 1_000);
const maxAttempts = 30;
const responseTimeoutMs = 30_000;
const maxConcurrent = 16;

/** Sends what was noted to those who subscribed, at least once and in no promised order. */
export function startDeliveries({
  store,
  clock,
  origin,
  endCopies,
  log,
}: {
  store: Store;
  clock: Clock;
  /** Of the Blob service, once it listens. */
  origin: () => string;
  /** Lets copies end that are due. */
  endCopies: () => Promise<void>;
  log: (line: string) => void;
}): Deliveries {
  const timers = new Set<Cancel>();
  const ready: Delivery[] = [];
  let known = new Map(findSubscriptions(store).map((each) => [each.name, each]));
  let lastSeen = 0;
  let underWay = 0;
  let cancelEnd: Cancel = () => {};
  let isClosed = false;

  const later = (at: number, due: () => void): void => {
    const cancel = clock.schedule(at, () => {
      timers.delete(cancel);
      due();
    });
    timers.add(cancel);
  };
  const noteNew = (): void => {
    for (const { id, subscription, event } of findUndeliveredEvents(store, lastSeen)) {
      lastSeen = id;
      const { times = 1, delayMs = 0 } = deliveries.planDelivery?.(event) ?? {};
      const wire = { wireId: randomUUID(), left: times };
      if (times === 0) deleteEvent(store, id);
      for (let copy = 0; copy < times; copy++) {
        const delay = typeof delayMs === "number" ? delayMs : delayMs();
        const delivery: Delivery = { id, subscription, event, wire, attempts: 0 };
        later(clock.now() + delay, () => send(delivery));
      }
    }
  };
  const send = (delivery: Delivery): void => {
    ready.push(delivery);
    while (underWay < maxConcurrent && ready.length > 0) {
      underWay++;
      void clock.track(deliverNext());
    }
  };
  const deliverNext = async (): Promise<void> => {
    for (let next = ready.shift(); next !== undefined; next = ready.shift()) await deliver(next);
    underWay--;
  };
  const deliver = async (delivery: Delivery): Promise<void> => {
    const { event, wire } = delivery;
    const subscription = known.get(delivery.subscription);
    if (subscription === undefined || isClosed) return;
    delivery.attempts++;
    const { schema } = subscription;
    const sent = buildBlobCreated(event, { id: wire.wireId, schema, origin: origin() });
    const status = await post(subscription, "Notification", sent, delivery.attempts)
      .then((answer) => answer.status)
      .catch(() => 0);
    if (isClosed) return;
    if (status >= 200 && status < 300) return done(delivery);
    const line = `Event ${wire.wireId} for ${subscription.name} was answered with ${status}`;
    if (status === 400 || status === 413 || delivery.attempts >= maxAttempts) {
      log(`${line}; it is dropped`);
      return done(delivery);
    }
    log(`${line}; it is sent again`);
    const wait = retryDelaysMs[delivery.attempts - 1] ?? 3_600_000;
    later(clock.now() + wait, () => send(delivery));
  };
  const done = ({ id, wire }: Delivery): void => {
    if (--wire.left === 0) deleteEvent(store, id);
  };
  const post = async (
    { url, name, schema }: Subscription,
    type: string,
    event: WireEvent,
    attempt = 1,
  ): Promise<Response> => {
    const tooLate = new AbortController();
    const cancel = clock.schedule(clock.now() + responseTimeoutMs, () => tooLate.abort());
    try {
      return await fetch(url, {
        method: "POST",
        headers: {
          "content-type":
            schema === "cloud-events"
              ? "application/cloudevents+json; charset=utf-8"
              : "application/json; charset=utf-8",
          "aeg-event-type": type,
          "aeg-subscription-name": name.toUpperCase(),
          "aeg-delivery-count": String(attempt - 1),
        },
        body: JSON.stringify(schema === "cloud-events" ? event : [event]),
        signal: tooLate.signal,
      });
    } finally {
      cancel();
    }
  };
  /** A copy's end is an event too, and nobody may ask for anything at that time. */
  const waitForEnd = (): void => {
    cancelEnd();
    const at = known.size === 0 ? null : nextCopyEndTime(store);
    if (at === null || isClosed) return;
    cancelEnd = clock.schedule(Math.ceil(at), () => {
      void clock.track(endCopies().then(() => deliveries.refresh()));
    });
  };

  const deliveries: Deliveries = {
    planDelivery: null,
    async subscribe(wanted) {
      const subscription: Subscription = {
        schema: "event-grid",
        namespace: "flat",
        subjectBeginsWith: "",
        ...wanted,
      };
      const { schema } = subscription;
      const code = randomUUID();
      const question = buildValidationEvent(code, { id: randomUUID(), schema, at: clock.now() });
      const answer = await post(subscription, "SubscriptionValidation", question);
      const said = (await answer.text()).includes(code);
      if (!answer.ok || !said) {
        throw new Error(
          `Cannot subscribe "${subscription.name}" as the webhook did not give the code back: ${answer.status}`,
        );
      }
      saveSubscription(store, subscription);
      known = new Map([...known, [subscription.name, subscription]]);
      deliveries.refresh();
    },
    unsubscribe(name) {
      removeSubscription(store, name);
      known = new Map([...known].filter(([each]) => each !== name));
    },
    refresh() {
      if (isClosed || known.size === 0) return;
      noteNew();
      waitForEnd();
    },
    close() {
      isClosed = true;
      cancelEnd();
      for (const cancel of timers) cancel();
    },
  };
  return deliveries;
}

/** One of the times that an event is to be told to one subscription. */
type Delivery = {
  id: number;
  subscription: string;
  event: BlobCreated;
  wire: { wireId: string; left: number };
  attempts: number;
};
