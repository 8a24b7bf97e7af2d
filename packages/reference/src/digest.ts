declare const brand: unique symbol;

/** The name of content: `sha256:` and 64 hex digits, or another registered algorithm and its digits. */
export type Digest = string & { readonly [brand]: "Digest" };
