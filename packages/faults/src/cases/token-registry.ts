import type { Stage } from "../case.ts";
import type { TestImage } from "../image.ts";
import type { Origin, RecordedRequest, Reply } from "../origin.ts";
import { errors, type Fault, goodRegistry, JSON_TYPE } from "../registry.ts";

/** A registry in token mode, and the token server it sends clients to. */
export interface TokenRegistry {
  readonly registry: Origin;
  readonly tokens: Origin;
}

export interface TokenScript {
  /** In place of the usual challenge. */
  readonly challenge?: (realm: string, request: RecordedRequest) => string;
  /** In place of `{"token": …, "expires_in": 300}`. */
  readonly token?: (request: RecordedRequest, reply: Reply, turn: number) => void;
  /** Whether a token is good; default: it is the canary's. */
  readonly accepts?: (authorization: string, request: RecordedRequest) => boolean;
  readonly fault?: Fault;
}

/** Starts both. The token server wants no credential, takes any, and hands out the canary's token. */
export async function tokenRegistry(
  stage: Stage,
  image: TestImage,
  script: TokenScript = {},
): Promise<TokenRegistry> {
  let turn = 0;
  const tokens = await stage.origin((request, reply) => {
    turn += 1;
    if (script.token === undefined) sendToken(reply, stage.canary.token);
    else script.token(request, reply, turn);
  });
  const realm = `${tokens.url}/token`;
  const challenge =
    script.challenge ?? (() => `Bearer realm="${realm}",service="registry",scope="repository:demo/app:pull"`);
  const accepts = script.accepts ?? ((authorization) => authorization === `Bearer ${stage.canary.token}`);
  const registry = await stage.origin(
    goodRegistry(image, (request, reply) => {
      if (!accepts(request.headers["authorization"] ?? "", request)) {
        refuse(reply, challenge(realm, request));
        return true;
      }
      return script.fault?.(request, reply) ?? false;
    }),
  );
  return { registry, tokens };
}

export function sendToken(reply: Reply, token: string, more: Readonly<Record<string, unknown>> = {}): void {
  reply.send(200, JSON_TYPE, JSON.stringify({ token, expires_in: 300, ...more }));
}

/** A 401 with one challenge. */
export function refuse(reply: Reply, challenge: string): void {
  reply.send(401, { ...JSON_TYPE, "WWW-Authenticate": challenge }, errors("UNAUTHORIZED", "sign in"));
}
