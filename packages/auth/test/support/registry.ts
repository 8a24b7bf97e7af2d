import { compose, type Transport, type TransportRequest, type TransportResponse } from "@reg/transport";
import { type Authenticator, withAuth } from "../../src/index.ts";
import {
  bearer,
  json,
  type Recorded,
  type ScriptedAnswer,
  type ScriptedTransport,
  scriptedTransport,
} from "./scripted-transport.ts";

export const REGISTRY = "reg.example.com";
export const REALM = "https://auth.example.com/token";

/** A registry in token mode: every token is new, and names the scopes it is good for. */
export function tokenRegistry(
  options: {
    readonly challenge?: string;
    readonly token?: (request: Recorded, count: number) => ScriptedAnswer | Promise<ScriptedAnswer>;
    /** Whether the registry accepts a token. */
    readonly accepts?: (token: string, request: Recorded) => boolean;
    readonly realm?: string;
  } = {},
): ScriptedTransport {
  const realm = new URL(options.realm ?? REALM);
  let count = 0;
  return scriptedTransport((request) => {
    if (request.url.host === realm.host && request.url.pathname === realm.pathname) {
      count += 1;
      return options.token?.(request, count) ?? json({ token: `token-${count}`, expires_in: 300 });
    }
    const token = request.headers["authorization"]?.replace("Bearer ", "");
    if (token !== undefined && (options.accepts?.(token, request) ?? true)) return json({ ok: true });
    return bearer(realm.href, options.challenge ?? 'service="svc"');
  });
}

/** Sends one request to the registry. */
export function send(
  transport: Transport,
  authenticator: Authenticator,
  path: string,
  scopes: readonly string[],
  more: Partial<TransportRequest> = {},
): Promise<TransportResponse> {
  const url = new URL(path, `https://${REGISTRY}`);
  return compose(
    transport,
    withAuth(authenticator),
  )({
    method: "GET",
    url,
    headers: {},
    context: { registry: url.host, origin: url.origin, scopes },
    ...more,
  });
}
