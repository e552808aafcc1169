/** Wrong arguments or settings: the message states what is wrong, `fix` what to do. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly fix: string | null;

  constructor(message: string, fix: string | null = null) {
    super(message);
    this.fix = fix;
  }
}
