/** RFC 9110 section 5.6.7: whole seconds in GMT. */
export function httpDate(time: number): string {
  return new Date(time).toUTCString();
}

export function wholeSeconds(time: number): number {
  return Math.floor(time / 1000) * 1000;
}
