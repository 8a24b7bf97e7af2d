import { digestOf } from "@reg/content";
import type { Answer, Script, Seen } from "./scripted-registry.ts";

/** An upload as a server keeps it, for scripts that change one habit and leave the rest as the specification has it. */
export interface UploadState {
  /** Bytes of the session that is open. */
  bytes: Buffer;
  /** By digest. */
  readonly blobs: Map<string, Buffer>;
  /** Sessions begun. */
  sessions: number;
}

/** The steps of an upload to the repository `demo`, by what they do. */
export interface UploadHabits {
  readonly post?: (seen: Seen, state: UploadState) => Answer | undefined;
  readonly patch?: (seen: Seen, state: UploadState) => Answer | undefined;
  readonly put?: (seen: Seen, state: UploadState) => Answer | undefined;
  readonly status?: (seen: Seen, state: UploadState) => Answer | undefined;
}

const SESSION = "/v2/demo/blobs/uploads/session";

/** A script that takes uploads; each habit may answer in place of what the specification says. */
export function uploadScript(
  habits: UploadHabits,
  blobsExpected: readonly Uint8Array[],
): {
  readonly script: Script;
  readonly state: UploadState;
} {
  const state: UploadState = { bytes: Buffer.alloc(0), blobs: new Map(), sessions: 0 };
  const location = (): string => `${SESSION}?_state=${state.bytes.length}`;
  const range = (): string => `0-${Math.max(0, state.bytes.length - 1)}`;
  const script: Record<string, Script[string]> = {
    "POST /v2/demo/blobs/uploads/": (seen) => {
      const answer = habits.post?.(seen, state);
      if (answer !== undefined) return answer;
      state.sessions += 1;
      state.bytes = Buffer.alloc(0);
      return { status: 202, headers: { location: location(), range: "0-0" } };
    },
    [`PATCH ${SESSION}`]: (seen) => {
      const answer = habits.patch?.(seen, state);
      if (answer !== undefined) return answer;
      if (!fits(seen, state)) return { status: 416, headers: { location: location(), range: range() } };
      state.bytes = Buffer.concat([state.bytes, seen.body]);
      return { status: 202, headers: { location: location(), range: range() } };
    },
    [`GET ${SESSION}`]: (seen) =>
      habits.status?.(seen, state) ?? { status: 204, headers: { location: location(), range: range() } },
    [`DELETE ${SESSION}`]: { status: 204 },
    [`PUT ${SESSION}`]: (seen) => habits.put?.(seen, state) ?? commit(seen, state),
  };
  for (const bytes of blobsExpected) {
    script[`HEAD /v2/demo/blobs/${digestOf(bytes)}`] = () => {
      const stored = state.blobs.get(digestOf(bytes));
      return stored === undefined
        ? { status: 404 }
        : { status: 200, headers: { "content-length": String(stored.length) } };
    };
  }
  return { script, state };
}

/** What a closing `PUT` does. */
export function commit(seen: Seen, state: UploadState): Answer {
  const digest = new URL(seen.path, "http://x").searchParams.get("digest") ?? "";
  const whole = Buffer.concat([state.bytes, seen.body]);
  if (digestOf(whole) !== digest) {
    return { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID","message":"not what it says"}]}' };
  }
  state.blobs.set(digest, whole);
  return { status: 201, headers: { location: `/v2/demo/blobs/${digest}`, "docker-content-digest": digest } };
}

function fits(seen: Seen, state: UploadState): boolean {
  const start = Number((seen.headers["content-range"] ?? "0-").split("-")[0]);
  return start === state.bytes.length;
}
