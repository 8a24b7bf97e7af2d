/** One challenge of a `WWW-Authenticate` header (RFC 9110, section 11.3). */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** By lower-case name, unquoted; an object without a prototype. */
  readonly params: Readonly<Record<string, string>>;
  readonly token68?: string;
}
