import type { Descriptor } from "@reg/content";
import { digestAlgorithm } from "@reg/content";
import type { Digest } from "@reg/reference";
import type { RequestBody, TransportResponse } from "@reg/transport";
import { type Access, withActions } from "./access.ts";
import { RegistryError } from "./errors.ts";
import { readDigest } from "./manifest-read.ts";
import { judgeUpload, receivedAfter, type UploadAnswer } from "./upload-answer.ts";
import { uploadsUrl, withParameter } from "./urls.ts";
import type { WireRequest } from "./wire.ts";

/** An upload as the registry keeps it: single requests, without any second attempt. */
export class UploadSession {
  readonly access: Access;
  #location: URL;
  /** Bytes the registry has, as far as is known. */
  offset: number;
  readonly min: number;
  readonly max: number;

  constructor(access: Access, answer: UploadAnswer, offset: number = 0) {
    this.access = access;
    this.#location = answer.location;
    this.offset = offset;
    this.min = answer.min;
    this.max = answer.max;
  }

  /** Its own key: whoever has it may go on with the upload. */
  get location(): URL {
    return new URL(this.#location.href);
  }

  /** `PATCH`: the bytes that follow those the registry has. */
  async patch(body: RequestBody, length: number, signal?: AbortSignal): Promise<void> {
    const start = this.offset;
    const { wire } = this.access;
    const headers = { ...OCTETS, "content-range": `${start}-${start + length - 1}` };
    const response = await wire.done(
      this.#request("PATCH", this.#location, { body, headers, signal }),
      202,
      // Some registries close each chunk with these.
      201,
      204,
      200,
    );
    const answer = this.#follow(response);
    // Only a 202 is an answer that knows of ranges.
    this.offset = receivedAfter(start, length, response.status === 202 ? answer.received : undefined);
  }

  /** `PUT`: closes the upload, the last bytes along with it. */
  async put(digest: Digest, body: RequestBody, signal?: AbortSignal): Promise<void> {
    const { wire } = this.access;
    const url = withParameter(this.#location, "digest", digest);
    const request = this.#request("PUT", url, { body, headers: OCTETS, signal });
    assertStored(digest, await wire.done(request, 201, 200, 202, 204));
  }

  /** `GET`: asks how many bytes the registry has; `undefined` where it does not say clearly. */
  async status(signal?: AbortSignal): Promise<number | undefined> {
    const { wire } = this.access;
    const response = await wire.done(this.#request("GET", this.#location, { signal }), 204, 200, 202);
    const { received } = this.#follow(response);
    if (received !== undefined) this.offset = received;
    return received;
  }

  /** `DELETE`: gives the upload up. Registries forget it in time: failures do not matter. */
  async cancel(): Promise<void> {
    const { wire } = this.access;
    const access = withActions(this.access, "delete");
    const signal = AbortSignal.timeout(CANCEL_MILLISECONDS);
    try {
      await wire.done(
        { ...this.#request("DELETE", this.#location, { signal }), scopes: access.scopes },
        204,
        200,
        202,
      );
    } catch {
      // Nothing hangs on it.
    }
  }

  #follow(response: TransportResponse): UploadAnswer {
    const answer = readUpload(response, this.#location);
    this.#location = answer.location;
    return answer;
  }

  #request(method: string, url: URL, rest: Pick<WireRequest, "body" | "headers" | "signal">): WireRequest {
    const { target, scopes } = this.access;
    return { what: `upload to ${target.name}`, target, method, url, scopes, ...rest };
  }
}

/** `POST`: begins an upload. It may be repeated: what it leaves behind in a registry that has lost its answer is empty. */
export async function startUpload(access: Access, signal?: AbortSignal): Promise<UploadSession> {
  const response = await access.wire.done(postRequest(access, {}, EMPTY, signal), 202, 201);
  return new UploadSession(access, readUpload(response));
}

/** One `POST` with the whole content; a session where the registry did not take it so. */
export async function postWhole(
  access: Access,
  digest: Digest,
  body: RequestBody,
  signal?: AbortSignal,
): Promise<UploadSession | undefined> {
  const { wire, target } = access;
  const request = postRequest(access, { digest }, body, signal);
  const response = await wire.done(request, 201, 200, 202, 204);
  const stored = response.status !== 202;
  wire.capabilities.learn(target.registry, "singlePost", stored);
  if (stored) assertStored(digest, response);
  return stored ? undefined : new UploadSession(access, readUpload(response));
}

/**
 * `POST` that asks for a blob of another repository; `undefined` where it is there now, a session where it has to be
 * sent after all. Statuses that refuse the mount alone give `"refused"` (distribution-spec, "Mounting a blob").
 */
export async function postMount(
  access: Access,
  descriptor: Pick<Descriptor, "digest">,
  from: string,
  signal?: AbortSignal,
): Promise<UploadSession | "refused" | undefined> {
  digestAlgorithm(descriptor.digest);
  const { wire } = access;
  const request = postRequest(access, { mount: descriptor.digest, from }, EMPTY, signal);
  const response = await wire.send(request);
  switch (response.status) {
    case 201:
    case 200:
    case 204:
      await response.body.discard();
      return undefined;
    case 202:
      await response.body.discard();
      return new UploadSession(access, readUpload(response));
    case 401:
    case 403:
    case 404:
    case 405:
      // No right to the source, or none such: said in every one of these ways.
      await response.body.discard();
      return "refused";
    default:
      throw await wire.refuse(request, response);
  }
}

const EMPTY = new Uint8Array();
const OCTETS: Readonly<Record<string, string>> = { "content-type": "application/octet-stream" };
/** Nobody waits long for something that does not matter. */
const CANCEL_MILLISECONDS = 5_000;

function postRequest(
  { target, scopes }: Access,
  query: Readonly<Record<string, string>>,
  body: RequestBody,
  signal: AbortSignal | undefined,
): WireRequest {
  return {
    what: `upload to ${target.name}`,
    target,
    method: "POST",
    url: uploadsUrl(target, query),
    scopes,
    headers: body === EMPTY ? {} : OCTETS,
    body,
    idempotent: body === EMPTY,
    signal,
  };
}

function readUpload({ headers, url }: TransportResponse, known?: URL): UploadAnswer {
  return judgeUpload(
    {
      location: headers.get("location"),
      range: headers.get("range"),
      minLength: headers.get("oci-chunk-min-length"),
      maxLength: headers.get("oci-chunk-max-length"),
    },
    url,
    known,
  );
}

function assertStored(digest: Digest, response: TransportResponse): void {
  const stored = readDigest(response.headers.get("docker-content-digest"));
  if (stored === undefined || stored === digest || digestAlgorithm(stored) !== digestAlgorithm(digest))
    return;
  throw new RegistryError("DIGEST_MISMATCH", `${digest} was pushed, and the registry stored ${stored}.`);
}
