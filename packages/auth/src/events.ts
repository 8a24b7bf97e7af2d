import type { Challenge } from "./challenge.ts";
import type { CredentialLookup, CredentialType } from "./credential.ts";
import type { AuthErrorCode } from "./errors.ts";

/** One step of signing in, told as it happens; holds no secret. */
export type AuthEvent =
  /** A store was asked. */
  | ({ readonly kind: "lookup" } & CredentialLookup)
  /** The registry answered 401. */
  | { readonly kind: "challenge"; readonly challenges: readonly Challenge[] }
  /** A token server is asked. */
  | {
      readonly kind: "token-request";
      readonly method: "GET" | "POST";
      readonly realm: string;
      readonly service?: string;
      readonly scopes: readonly string[];
      readonly as: CredentialType | "anonymous";
      readonly username?: string;
    }
  /** It granted a token. */
  | { readonly kind: "token"; readonly lifetimeSeconds: number }
  /** It refused, or the rules did. */
  | { readonly kind: "refusal"; readonly code: AuthErrorCode; readonly message: string }
  /** What goes to the registry. */
  | { readonly kind: "authorization"; readonly scheme: "basic" | "bearer" | "none" }
  /** What the registry answered in the end. */
  | { readonly kind: "answer"; readonly status: number };

export type AuthTrace = (event: AuthEvent) => void;
