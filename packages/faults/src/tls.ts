import { readFileSync } from "node:fs";
import type { TlsOptions } from "node:tls";
import { fileURLToPath } from "node:url";

const certificate = (name: string): string => fileURLToPath(new URL(`../certs/${name}`, import.meta.url));

/** The authority that signed the suite's certificate. Its key was thrown away; the leaf's is public and proves nothing. */
export const TEST_CA_FILE: string = certificate("ca.pem");

/** The leaf, which a client may also be given as its own. */
export const TEST_CERTIFICATE_FILE: string = certificate("leaf.pem");
export const TEST_KEY_FILE: string = certificate("leaf.key");

/** For an origin that speaks TLS as `localhost`, `*.localhost`, 127.0.0.1, 127.0.0.2 and ::1. */
export function testTls(): TlsOptions {
  return { cert: readFileSync(certificate("leaf.pem")), key: readFileSync(certificate("leaf.key")) };
}
