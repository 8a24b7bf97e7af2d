/** Parameters of the distribution API and of token requests whose values are no secrets and say what is asked for. */
const HARMLESS: ReadonlySet<string> = new Set([
  "artifactType",
  "digest",
  "from",
  "last",
  "mount",
  "n",
  "ns",
  "scope",
  "service",
]);

/**
 * A URL as messages and logs may show it: without userinfo and fragment, and of its query the values of the
 * distribution API's own parameters alone, for a signed URL's query is a credential.
 *
 * @example
 * ```ts
 * redactUrl(new URL("https://bucket.example/blob?X-Amz-Signature=abc")); // https://bucket.example/blob?X-Amz-Signature=…
 * ```
 */
export function redactUrl(url: URL): string {
  const parts = Array.from(url.searchParams, ([name, value]) =>
    HARMLESS.has(name) ? new URLSearchParams({ [name]: value }).toString() : `${encodeURIComponent(name)}=…`,
  );
  return `${url.protocol}//${url.host}${url.pathname}${parts.length === 0 ? "" : `?${parts.join("&")}`}`;
}
