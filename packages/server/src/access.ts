import type { RegistryReply, RegistryRequest } from "./exchange.ts";

/** What may be done to a resource, in the words of the token scopes: `delete` is asked for nothing but deleting. */
export type AccessAction = "pull" | "push" | "delete" | "*";

/** Something a request needs: `{type: "repository", name: "demo/hello", action: "pull"}`. */
export interface Access {
  readonly type: "repository" | "registry";
  /** A repository's name, or `catalog` for the list of all. */
  readonly name: string;
  readonly action: AccessAction;
}

/** What becomes of a request. */
export type Verdict =
  | {
      readonly kind: "allowed";
      /** Whether the caller may do something else too, such as read the repository a blob is mounted from. */
      may(access: Access): boolean | Promise<boolean>;
    }
  /** 401: who is it? Each challenge is one `WWW-Authenticate` header. */
  | { readonly kind: "challenge"; readonly challenges: readonly string[] }
  /** 403: known, and not allowed. */
  | { readonly kind: "denied" };

/** Who may do what. One method decides; a second one answers requests of the scheme's own, such as for tokens. */
export interface AccessControl {
  /** Judges a request by its `Authorization` header. `needs` is empty for `GET /v2/`. */
  judge(request: RegistryRequest, needs: readonly Access[]): Verdict | Promise<Verdict>;
  /** Answers paths outside `/v2/` that belong to the scheme; `undefined` for all others. */
  handle?(request: RegistryRequest): Promise<RegistryReply | undefined>;
}

/** Everybody may do everything: the default, fit for loopback. */
export const OPEN_ACCESS: AccessControl = {
  judge: () => ({ kind: "allowed", may: () => true }),
};
