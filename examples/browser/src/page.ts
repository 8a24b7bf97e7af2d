import { isRegistryError, RegistryClient } from "@reg/client";
import { compose, fetchTransport, isTransportError, withRetry } from "@reg/transport";

// The browser follows redirects by itself and shows nobody where they lead.
const transport = compose(fetchTransport(undefined, { redirect: "follow" }), withRetry({ attempts: 2 }));
const client = new RegistryClient({ transport });

const form = element("form", HTMLFormElement);
const alert = element("[role=alert]", HTMLElement);
const table = element("table", HTMLTableElement);
const rows = element("tbody", HTMLTableSectionElement);
const count = element("#count", HTMLElement);
const input = element("input", HTMLInputElement);

let listing = new AbortController();

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void list(input.value.trim());
});

const asked = new URLSearchParams(location.search).get("repository");
if (asked !== null) {
  input.value = asked;
  void list(asked);
}

/** Rows appear as the answers come; another listing ends this one. */
async function list(repository: string): Promise<void> {
  listing.abort();
  listing = new AbortController();
  const { signal } = listing;
  alert.hidden = true;
  rows.replaceChildren();
  count.textContent = "Listing…";
  let tags = 0;
  try {
    for await (const details of client.tags.details(repository, { created: true, signal })) {
      table.hidden = false;
      addRow([details.tag, details.descriptor?.digest.slice(0, 19) ?? "unknown", details.created ?? ""]);
      tags += 1;
    }
    count.textContent = tags === 1 ? "1 tag" : `${tags} tags`;
  } catch (error) {
    if (signal.aborted) return;
    count.textContent = "";
    alert.hidden = false;
    alert.textContent = explain(error);
  }
}

function addRow(cells: readonly string[]): void {
  const row = rows.insertRow();
  // As text: a registry is a stranger to this page.
  for (const cell of cells) row.insertCell().textContent = cell;
}

function explain(error: unknown): string {
  if (isRegistryError(error) || isTransportError(error)) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

function element<T extends Element>(selector: string, type: abstract new () => T): T {
  const found = document.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`the page has no ${selector}`);
  return found;
}
