import { randomBytes } from "node:crypto";

/** A secret made for one run, so that a single copy of it anywhere is proof of a leak. */
export interface Canary {
  readonly username: string;
  readonly password: string;
  /** A bearer token the scripted token server hands out. */
  readonly token: string;
  /** Every form it may be found in: plain, base64, base64url, percent-encoded. */
  readonly traces: readonly string[];
}

/** Makes a secret nobody else has. */
export function makeCanary(): Canary {
  const mark = randomBytes(9).toString("hex");
  const username = `canary-${mark}`;
  const password = `S3cret:${mark}/+=`;
  const token = `tok.${mark}.${randomBytes(12).toString("hex")}`;
  const pair = Buffer.from(`${username}:${password}`);
  return {
    username,
    password,
    token,
    traces: [
      password,
      token,
      pair.toString("base64"),
      pair.toString("base64url"),
      encodeURIComponent(password),
      Buffer.from(password).toString("base64"),
    ],
  };
}

/** The traces of a secret that stand in these bytes: empty where nothing leaked. */
export function tracesIn(canary: Canary, bytes: Buffer | string): readonly string[] {
  const text = typeof bytes === "string" ? bytes : bytes.toString("latin1");
  return canary.traces.filter((trace) => text.includes(trace));
}
