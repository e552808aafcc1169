import { respondInTime, revalidate } from "./http-handler.ts";
import type { HttpHandler } from "./http-handler.ts";
import { requireSignIn } from "./principals.ts";
import type { PrincipalSettings } from "./principals.ts";

/** Wraps the handler of a route in the steps that all routes share. Sign-in is checked before all other work. */
export function createRouteHandler(
  handler: HttpHandler,
  {
    needsSignIn,
    principals,
    hold,
  }: {
    needsSignIn: boolean;
    principals: PrincipalSettings;
    hold(handler: HttpHandler): HttpHandler;
  },
): HttpHandler {
  const held = hold(respondInTime(handler));
  return revalidate(needsSignIn ? requireSignIn(held, principals) : held);
}
