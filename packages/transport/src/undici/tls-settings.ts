import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { TransportError } from "../errors.ts";
import type { Pem, TlsSettings } from "./options.ts";

/** Failures that a certificate authority known to the system alone would explain. */
const UNKNOWN_ISSUER: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

export function isUnknownIssuer(code: string): boolean {
  return UNKNOWN_ISSUER.has(code);
}

/**
 * The context of connections after these settings; undefined where Node's own will do, which is ready at once.
 *
 * @param withSystem - trust the system's store too: reading it takes some 40 ms, so only once it may matter.
 */
export function secureContext(settings: TlsSettings, withSystem: boolean): SecureContext | undefined {
  const { ca, onlyCa, cert, key, passphrase } = settings;
  if (ca === undefined && cert === undefined && key === undefined && !withSystem) return undefined;
  const trusted = [
    ...(onlyCa === true ? [] : getCACertificates("default")),
    ...(onlyCa === true || !withSystem ? [] : getCACertificates("system")),
    ...pems(ca),
  ];
  try {
    return createSecureContext({
      ...(ca === undefined && !withSystem ? {} : { ca: trusted }),
      ...(cert === undefined ? {} : { cert: pems(cert) }),
      ...(key === undefined ? {} : { key: pems(key) }),
      ...(passphrase === undefined ? {} : { passphrase }),
    });
  } catch (cause) {
    throw new TransportError(
      "CONFIG",
      "The certificates or the key that were given cannot be used: are they PEM?",
      {
        cause,
        neverSent: true,
        retryable: false,
      },
    );
  }
}

/** Both settings, the second's authorities added to the first's, its client certificate before the first's. */
export function mergeTls(first: TlsSettings, second: TlsSettings | undefined): TlsSettings {
  if (second === undefined) return first;
  const ca = [...pems(first.ca), ...pems(second.ca)];
  const identity = second.cert === undefined ? first : second;
  return {
    ca: ca.length === 0 ? undefined : ca,
    onlyCa: first.onlyCa === true || second.onlyCa === true,
    cert: identity.cert,
    key: identity.key,
    passphrase: identity.passphrase,
  };
}

function pems(pem: Pem | undefined): (string | Buffer)[] {
  if (pem === undefined) return [];
  const list = typeof pem === "string" || pem instanceof Uint8Array ? [pem] : pem;
  return list.map((one) => (typeof one === "string" ? one : Buffer.from(one)));
}
