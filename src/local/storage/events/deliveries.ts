import { randomUUID } from "node:crypto";
import type { Cancel, Clock } from "../../clock.ts";
import { hour, minute, second } from "../http/durations.ts";
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
import { postEvent } from "./post-event.ts";
import { buildBlobCreated, buildValidationEvent } from "./wire-events.ts";

/** Delivers an event `times` times (0 drops it), each time after `delayMs`. Default: once, without delay. */
export type DeliveryPlan = { times?: number; delayMs?: number | (() => number) };

export type StorageEvents = {
  /** Validates the webhook as Event Grid does, and sends it events from then on. Rejects if it does not validate. */
  subscribe(options: SubscriptionOptions): Promise<void>;
  unsubscribe(name: string): void;
  /** Called for every new event. Null delivers each event once, without delay. */
  planDelivery: ((event: BlobCreated) => DeliveryPlan) | null;
};

/** Defaults: Event Grid's schema, a flat namespace, every subject. */
export type SubscriptionOptions = Pick<Subscription, "name" | "url"> & Partial<Subscription>;

export type Deliveries = StorageEvents & {
  /** Sends new events, and schedules the end of the next pending copy. Call after every request. */
  refresh(): void;
  close(): void;
};

/** Page "Event Grid message delivery and retry". After these delays, retries are hourly. */
const retryDelaysMs = [
  10 * second,
  30 * second,
  minute,
  5 * minute,
  10 * minute,
  30 * minute,
  hour,
];
const maxAttempts = 30;
const maxConcurrent = 16;

/** Sends queued events to their subscriptions, at least once and in no guaranteed order. */
export function startDeliveries({
  store,
  clock,
  origin,
  endCopies,
  log,
}: {
  store: Store;
  clock: Clock;
  /** Origin of the Blob service; known once it listens. */
  origin: () => string;
  /** Ends all copies that are due. */
  endCopies: () => Promise<void>;
  log: (line: string) => void;
}): Deliveries {
  const timers = new Set<Cancel>();
  const ready: Delivery[] = [];
  let active = new Map(findSubscriptions(store).map((each) => [each.name, each]));
  let lastId = 0;
  let inFlight = 0;
  let cancelEnd: Cancel = () => {};
  let isClosed = false;

  const schedule = (at: number, due: () => void): void => {
    const cancel = clock.schedule(at, () => {
      timers.delete(cancel);
      due();
    });
    timers.add(cancel);
  };
  const scheduleNew = (): void => {
    for (const { id, subscription, event } of findUndeliveredEvents(store, lastId)) {
      lastId = id;
      const { times = 1, delayMs = 0 } = deliveries.planDelivery?.(event) ?? {};
      const shared = { eventId: randomUUID(), remaining: times };
      if (times === 0) deleteEvent(store, id);
      for (let copy = 0; copy < times; copy++) {
        const delay = typeof delayMs === "number" ? delayMs : delayMs();
        const delivery: Delivery = { id, subscription, event, shared, attempts: 0 };
        schedule(clock.now() + delay, () => send(delivery));
      }
    }
  };
  const send = (delivery: Delivery): void => {
    ready.push(delivery);
    while (inFlight < maxConcurrent && ready.length > 0) {
      inFlight++;
      void clock.track(deliverNext());
    }
  };
  const deliverNext = async (): Promise<void> => {
    for (let next = ready.shift(); next !== undefined; next = ready.shift()) await deliver(next);
    inFlight--;
  };
  const deliver = async (delivery: Delivery): Promise<void> => {
    const { event, shared } = delivery;
    const subscription = active.get(delivery.subscription);
    if (subscription === undefined || isClosed) return;
    delivery.attempts++;
    const { schema } = subscription;
    const posted = {
      type: "Notification",
      event: buildBlobCreated(event, { id: shared.eventId, schema, origin: origin() }),
      attempt: delivery.attempts,
    };
    const status = await postEvent(subscription, posted, clock)
      .then((response) => response.status)
      .catch(() => 0);
    if (isClosed) return;
    if (status >= 200 && status < 300) return done(delivery);
    const line = `Event ${shared.eventId} for ${subscription.name} got status ${status}`;
    if (status === 400 || status === 413 || delivery.attempts >= maxAttempts) {
      log(`${line}; dropped`);
      return done(delivery);
    }
    log(`${line}; will retry`);
    const delay = retryDelaysMs[delivery.attempts - 1] ?? hour;
    schedule(clock.now() + delay, () => send(delivery));
  };
  const done = ({ id, shared }: Delivery): void => {
    if (--shared.remaining === 0) deleteEvent(store, id);
  };
  /** The end of a copy emits an event, even if no request arrives at that time. */
  const scheduleCopyEnd = (): void => {
    cancelEnd();
    const at = active.size === 0 ? null : nextCopyEndTime(store);
    if (at === null || isClosed) return;
    cancelEnd = clock.schedule(Math.ceil(at), () => {
      void clock.track(endCopies().then(() => deliveries.refresh()));
    });
  };

  const deliveries: Deliveries = {
    planDelivery: null,
    async subscribe(options) {
      const subscription: Subscription = {
        schema: "event-grid",
        namespace: "flat",
        subjectBeginsWith: "",
        ...options,
      };
      const { schema } = subscription;
      const code = randomUUID();
      const event = buildValidationEvent(code, { id: randomUUID(), schema, at: clock.now() });
      const posted = { type: "SubscriptionValidation", event };
      const response = await postEvent(subscription, posted, clock);
      const hasCode = (await response.text()).includes(code);
      if (!response.ok || !hasCode) {
        throw new Error(
          `Cannot subscribe "${subscription.name}" because the webhook did not return the validation code: ${response.status}`,
        );
      }
      saveSubscription(store, subscription);
      active = new Map([...active, [subscription.name, subscription]]);
      deliveries.refresh();
    },
    unsubscribe(name) {
      removeSubscription(store, name);
      active = new Map([...active].filter(([each]) => each !== name));
    },
    refresh() {
      if (isClosed || active.size === 0) return;
      scheduleNew();
      scheduleCopyEnd();
    },
    close() {
      isClosed = true;
      cancelEnd();
      for (const cancel of timers) cancel();
    },
  };
  return deliveries;
}

/** One of the deliveries of an event to one subscription. They share an id and the number that remains. */
type Delivery = {
  id: number;
  subscription: string;
  event: BlobCreated;
  shared: { eventId: string; remaining: number };
  attempts: number;
};
