import fc from "fast-check";

const hex = (digits: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: digits, maxLength: digits });

const component = fc
  .array(fc.string({ unit: fc.constantFrom(..."abz09"), minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 3,
  })
  .chain((parts) => fc.constantFrom(".", "_", "__", "-", "---").map((separator) => parts.join(separator)));

const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((components) => components.join("/"));

const domain = fc.constantFrom(
  "docker.io",
  "index.docker.io",
  "localhost",
  "localhost:5000",
  "ghcr.io",
  "a:1",
  "HOST",
  "[::1]",
  "[fe80::1]:443",
  "xn--n3h.com",
  "10.0.0.1:80",
);

const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/);

export const digestText: fc.Arbitrary<string> = fc.oneof(
  hex(64).map((digits) => `sha256:${digits}`),
  hex(128).map((digits) => `sha512:${digits}`),
  hex(96).map((digits) => `sha384:${digits}`),
);

/** Text that is a reference. */
export const referenceText: fc.Arbitrary<string> = fc
  .tuple(fc.option(domain), path, fc.option(tag), fc.option(digestText))
  .map(
    ([host, name, label, digest]) =>
      (host === null ? "" : `${host}/`) +
      name +
      (label === null ? "" : `:${label}`) +
      (digest === null ? "" : `@${digest}`),
  );

/** Text that is nearly one: the grammar's own pieces, in any order. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ..."aZ0._-/:@[]$% \n\u212a\u00e9",
        "__",
        "://",
        "sha256:",
        "localhost",
        "docker.io",
        "\ud83d\ude00",
      ),
      path,
      domain,
      tag,
      digestText,
    ),
    { maxLength: 8 },
  )
  .map((pieces) => pieces.join(""));
