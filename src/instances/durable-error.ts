/** Durable did not respond, or responded with an error; `cause` is the SDK's error. The call may succeed later. */
export class DurableError extends Error {
  override name = "DurableError" as const;

  constructor(action: string, options: { cause: unknown }) {
    super(`Cannot ${action} because Durable did not respond as expected`, options);
  }
}
