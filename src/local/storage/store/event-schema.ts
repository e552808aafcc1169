/** Subscriptions, and the events not delivered to them yet. Both survive a killed emulator. */
export const eventSchema = `
CREATE TABLE event_subscription (
  name TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  schema TEXT NOT NULL CHECK (schema IN ('event-grid', 'cloud-events')),
  namespace TEXT NOT NULL CHECK (namespace IN ('flat', 'hierarchical')),
  subject_begins_with TEXT NOT NULL
) STRICT;

CREATE TABLE undelivered_event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  subscription TEXT NOT NULL REFERENCES event_subscription ON DELETE CASCADE,
  event TEXT NOT NULL
) STRICT;
`;
