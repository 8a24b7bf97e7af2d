import type { Authenticator } from "@reg/auth";
import type { Middleware } from "@reg/transport";

/**
 * What `withAuth` of `@reg/auth` does, for an authenticator that needs no challenges: its header goes to the
 * registry's own origin and nowhere else, and one refusal is answered with one more try.
 */
export function signedBy(authenticator: Authenticator): Middleware {
  return (next) => async (request) => {
    const { context } = request;
    if (context === undefined || request.url.origin !== context.origin) return next(request);
    const { registry, scopes, signIn } = context;
    if (signIn === "none") return next(request);
    const { url, signal } = request;
    const ask = { registry, scopes, signIn, url, signal, transport: next, challenges: [] };
    let rejected: string | undefined;
    for (let attempt = 0; ; attempt += 1) {
      const authorization = await authenticator.authenticate({ ...ask, attempt, rejected });
      const headers = authorization === undefined ? request.headers : { ...request.headers, authorization };
      const response = await next({ ...request, headers });
      const final = response.status !== 401 || response.url.origin !== context.origin;
      if (final || attempt > 0 || authorization === undefined) return response;
      await response.body.discard();
      rejected = authorization;
    }
  };
}
