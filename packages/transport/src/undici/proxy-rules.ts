import { TransportError } from "../errors.ts";
import { isLoopbackHost } from "../ip-address.ts";
import { parseNoProxy } from "../no-proxy.ts";
import type { UndiciTransportOptions } from "./options.ts";

/** The proxy for a URL; undefined: it is reached directly. */
export type ProxyRules = (url: URL) => URL | undefined;

/**
 * Proxies after the options, or else after the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY; the lower-case form
 * first). The environment's proxy is not for this machine itself; one that is given by option is for all hosts.
 */
export function proxyRules(
  options: Pick<UndiciTransportOptions, "proxy" | "noProxy">,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ProxyRules {
  if (options.proxy === false) return () => undefined;
  const bypass = parseNoProxy(options.noProxy ?? environment["no_proxy"] ?? environment["NO_PROXY"] ?? "");
  if (options.proxy !== undefined) {
    const proxy = proxyUrl(options.proxy, "The option `proxy`");
    return (url) => (bypass(url) ? undefined : proxy);
  }
  // In a CGI program HTTP_PROXY is what the client of that program wrote (CVE-2016-5385).
  const upperHttp = environment["REQUEST_METHOD"] === undefined ? environment["HTTP_PROXY"] : undefined;
  const https = environment["https_proxy"] || environment["HTTPS_PROXY"];
  const http = environment["http_proxy"] || upperHttp;
  const httpsProxy = https ? proxyUrl(https, "HTTPS_PROXY") : undefined;
  const httpProxy = http ? proxyUrl(http, "HTTP_PROXY") : undefined;
  return (url) => {
    if (isLoopbackHost(url.hostname) || bypass(url)) return undefined;
    return url.protocol === "https:" ? httpsProxy : httpProxy;
  };
}

function proxyUrl(text: string | URL, where: string): URL {
  try {
    const url = typeof text === "string" ? new URL(text.includes("://") ? text : `http://${text}`) : text;
    if (url.protocol === "http:" || url.protocol === "https:") return url;
  } catch {
    // Said below, without the text, which may hold a password.
  }
  throw new TransportError("CONFIG", `${where} is not the URL of an http or https proxy`);
}
