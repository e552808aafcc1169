/** Settings that are the same on both engines. The watchdog runs when a test asks for it. */
export const appSettings = {
  COPY_ROUTES: "[]",
  COPY_WATCHDOG: "0 0 0 1 1 *",
  COPY_SECRET_KEYS: "",
  COPY_RETENTION_DAYS: "3", // the minimum
} as const;
