import {
  emptyBody,
  responseBody,
  responseHeaders,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from "../src/index.ts";

/** An answer as a script writes it. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A transport that answers by a function, and what it was asked. */
export function fakeTransport(
  answer: (request: TransportRequest, index: number) => Answer | Promise<Answer>,
): Transport & {
  readonly requests: TransportRequest[];
} {
  const requests: TransportRequest[] = [];
  const transport = async (request: TransportRequest): Promise<TransportResponse> => {
    requests.push(request);
    const { status = 200, headers = {}, body = "" } = await answer(request, requests.length - 1);
    const head = { status, headers: responseHeaders(Object.entries(headers)), url: request.url };
    const bytes = Buffer.from(body);
    if (request.sink !== undefined && status < 300) {
      request.sink.accept?.(head);
      if (bytes.byteLength > 0) await request.sink.write(bytes);
      return { ...head, body: emptyBody() };
    }
    const chunks = (async function* () {
      if (bytes.byteLength > 0) yield bytes;
    })();
    return { ...head, body: responseBody(chunks, bytes.byteLength) };
  };
  return Object.assign(transport, { requests });
}
