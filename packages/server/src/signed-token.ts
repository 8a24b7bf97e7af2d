import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Access } from "./access.ts";

/** What a token says. */
export interface TokenClaims {
  readonly use: "access" | "refresh";
  /** Whoever signed in; left out for a guest. */
  readonly subject?: string | undefined;
  readonly grants: readonly Access[];
  /** Seconds since 1970. */
  readonly expires: number;
}

/** Makes tokens and reads them back: nothing is kept but the key. */
export interface TokenSigner {
  sign(claims: TokenClaims): string;
  /** `undefined` where the token is not ours, has been changed or has run out. */
  read(token: string): TokenClaims | undefined;
}

/** Tokens signed by HMAC-SHA-256. A key that is made up here makes all tokens void at the next start. */
export function tokenSigner(key: Uint8Array = randomBytes(32)): TokenSigner {
  const macOf = (payload: string): Buffer => createHmac("sha256", key).update(payload).digest();
  return {
    sign(claims) {
      const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
      return `${payload}.${macOf(payload).toString("base64url")}`;
    },
    read(token) {
      const dot = token.indexOf(".");
      if (dot < 0) return undefined;
      const payload = token.slice(0, dot);
      const mac = Buffer.from(token.slice(dot + 1), "base64url");
      const expected = macOf(payload);
      if (mac.byteLength !== expected.byteLength || !timingSafeEqual(mac, expected)) return undefined;
      // Only what `sign` made comes this far, and it made the claims of their own type.
      const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as TokenClaims;
      return claims.expires * 1000 > Date.now() ? claims : undefined;
    },
  };
}
