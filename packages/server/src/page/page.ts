import { createHash } from "node:crypto";
import type { RegistryReply, RegistryRequest } from "../exchange.ts";
import { Refusal } from "../refusal.ts";
import { MARKUP } from "./markup.ts";
import { SCRIPT_API } from "./script-api.ts";
import { SCRIPT_MAIN } from "./script-main.ts";
import { SCRIPT_VIEW } from "./script-view.ts";
import { STYLE } from "./style.ts";

/**
 * The page at `/`: one document with its style and script in it. It uses the public API like everybody else, so it is
 * given to everybody, and shows what the reader may see.
 *
 * @returns `undefined` for other paths.
 */
export function pageReply(request: RegistryRequest): RegistryReply | undefined {
  if (request.path !== "/") return undefined;
  if (request.method !== "GET" && request.method !== "HEAD") {
    throw new Refusal(405, "UNSUPPORTED", "this page can only be read", {
      headers: [["Allow", "GET, HEAD"]],
    });
  }
  return { status: 200, headers: HEADERS, body: DOCUMENT };
}

const SCRIPT = `"use strict";\n${SCRIPT_API}${SCRIPT_VIEW}${SCRIPT_MAIN}`;

const DOCUMENT = new TextEncoder().encode(
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Registry</title>` +
    `<meta name="viewport" content="width=device-width, initial-scale=1">` +
    `<link rel="icon" href="data:,"><style>${STYLE}</style></head>` +
    `<body>${MARKUP}<script type="module">${SCRIPT}</script></body></html>\n`,
);

/** The only script and style that run are the ones above, by their hash; nothing is loaded from anywhere else. */
const POLICY = [
  "default-src 'none'",
  `script-src '${hashOf(SCRIPT)}'`,
  `style-src '${hashOf(STYLE)}'`,
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = [
  ["Content-Type", "text/html; charset=utf-8"],
  ["Content-Length", String(DOCUMENT.byteLength)],
  ["Content-Security-Policy", POLICY],
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "no-referrer"],
  ["Cross-Origin-Opener-Policy", "same-origin"],
  ["Cache-Control", "no-cache"],
] as const;

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
