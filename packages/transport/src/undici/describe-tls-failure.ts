import type { PeerCertificate } from "node:tls";
import { TransportError } from "../errors.ts";
import { codeOf } from "./error-code.ts";

/** Why a certificate was refused, and what to do about it, by OpenSSL's code. */
const CERTIFICATE_PROBLEMS: Readonly<Record<string, readonly [why: string, remedy: string]>> = {
  CERT_HAS_EXPIRED: ["has expired", "have it renewed, or check this machine's clock"],
  CERT_NOT_YET_VALID: ["is not valid yet", "check this machine's clock"],
  CERT_REVOKED: ["has been revoked", "have it replaced"],
  CERT_UNTRUSTED: ["is not trusted", "add its authority by the option `ca`"],
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    "is signed by itself",
    "add it by the option `ca`, or name the host in `insecure`",
  ],
  ERR_TLS_CERT_ALTNAME_INVALID: ["is for another name", "use a name that it lists"],
  SELF_SIGNED_CERT_IN_CHAIN: [
    "comes from an authority that is not trusted",
    "add the authority by the option `ca`",
  ],
  UNABLE_TO_GET_ISSUER_CERT: ["comes from an unknown authority", "add the authority by the option `ca`"],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    "comes from an unknown authority",
    "add the authority by the option `ca`",
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    "comes without its chain, from an authority that is not known",
    "have the server send the chain, or add the authority by the option `ca`",
  ],
};

/** Whether it is TLS that failed, and not the network below it. */
export function isTlsFailure(error: unknown): boolean {
  const code = codeOf(error);
  return code in CERTIFICATE_PROBLEMS || /^(?:ERR_SSL_|ERR_TLS_|CERT_|EPROTO$|UNABLE_TO_)/.test(code);
}

/** Which certificate was refused, why, and what to do. */
export function describeTlsFailure(
  error: unknown,
  host: string,
  certificate: PeerCertificate | undefined,
): TransportError {
  const code = codeOf(error);
  const known = CERTIFICATE_PROBLEMS[code];
  const options = { cause: error, neverSent: true, retryable: false };
  if (known !== undefined) {
    const [why, remedy] = known;
    const message = `The certificate of ${host}${describe(certificate)} ${why}: ${remedy} (${code})`;
    return new TransportError("TLS", message, options);
  }
  if (
    code === "ERR_SSL_WRONG_VERSION_NUMBER" ||
    code === "ERR_SSL_PACKET_LENGTH_TOO_LONG" ||
    code === "EPROTO"
  ) {
    return new TransportError(
      "TLS",
      `${host} does not speak TLS: if it serves plain http, allow that for it`,
      options,
    );
  }
  if (/CERTIFICATE_REQUIRED|BAD_CERTIFICATE|HANDSHAKE_FAILURE|UNKNOWN_CA/.test(code)) {
    const message = `${host} refused the handshake: it may want a client certificate, by \`cert\` and \`key\` (${code})`;
    return new TransportError("TLS", message, options);
  }
  return new TransportError("TLS", `The TLS handshake with ${host} failed (${code})`, options);
}

/** The peer's certificate, where Node hands it over with the error. */
export function certificateOf(error: unknown): PeerCertificate | undefined {
  if (typeof error !== "object" || error === null || !("cert" in error)) return undefined;
  // Node documents `cert` of ERR_TLS_CERT_ALTNAME_INVALID as the peer's certificate.
  return error.cert as PeerCertificate;
}

function describe(certificate: PeerCertificate | undefined): string {
  if (certificate === undefined || certificate.subject === undefined) return "";
  const facts = [
    `subject ${nameOf(certificate.subject)}`,
    `issuer ${nameOf(certificate.issuer)}`,
    `names ${printable(certificate.subjectaltname ?? "none")}`,
    `valid to ${printable(certificate.valid_to)}`,
    `SHA-256 ${printable(certificate.fingerprint256)}`,
  ];
  return ` (${facts.join(", ")})`;
}

function nameOf(name: PeerCertificate["subject"] | undefined): string {
  return printable(String(name?.CN ?? name?.O ?? "unnamed"));
}

/** A server writes its certificate: nothing of it may steer a terminal or fill a screen. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 200);
}
