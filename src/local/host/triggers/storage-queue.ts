import { createHmac } from "node:crypto";
import { XMLParser } from "fast-xml-parser";

/** A message that was received; it is hidden from other receivers for a time. */
export type QueueMessage = {
  id: string;
  popReceipt: string;
  /** How often it was received, this time included. */
  dequeueCount: number;
  /** The stored text, not decoded. */
  text: string;
  insertedOn: string;
  expiresOn: string;
  nextVisibleOn: string;
};

/** A queue of Azure Storage, with the calls that the host makes ("Queue service REST API"). */
export type StorageQueue = {
  name: string;
  /** Returns up to `count` messages, and hides them for `hiddenSeconds`; none if the queue does not exist. */
  receive(count: number, hiddenSeconds: number): Promise<QueueMessage[]>;
  /** Hides the message for `hiddenSeconds` from now; its text stays. Returns the new pop receipt. */
  hide(message: QueueMessage, hiddenSeconds: number): Promise<string>;
  remove(message: QueueMessage): Promise<void>;
  /** Adds a message, and creates the queue if it does not exist. */
  send(text: string): Promise<void>;
};

/** `now`: epoch ms. */
type Account = { name: string; key: Buffer; url: string; now(): number };

/** "Use the Azurite emulator": the meaning of `UseDevelopmentStorage=true`. The key is published. */
const developmentStorage = {
  name: "devstoreaccount1",
  key: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
  url: "http://127.0.0.1:10001/devstoreaccount1",
} as const;

const version = "2024-11-04";

/** Opens a queue of the account that a connection string names. Throws if the string has no account of queues. */
export function openStorageQueue(
  connectionString: string,
  { name, now }: { name: string; now(): number },
): StorageQueue {
  const account = { ...parseConnectionString(connectionString), now };
  const call = (method: string, path: string, options: CallOptions = {}) =>
    request(account, { method, path: `/${name}${path}`, ...options });
  return {
    name,
    async receive(count, hiddenSeconds) {
      const query = { numofmessages: `${count}`, visibilitytimeout: `${hiddenSeconds}` };
      const response = await call("GET", "/messages", { query, accepted: [404] });
      return response.status === 404 ? [] : parseMessages(response.text);
    },
    async hide({ id, popReceipt }, hiddenSeconds) {
      const query = { popreceipt: popReceipt, visibilitytimeout: `${hiddenSeconds}` };
      const { headers } = await call("PUT", `/messages/${id}`, { query });
      return headers.get("x-ms-popreceipt") ?? popReceipt;
    },
    async remove({ id, popReceipt }) {
      // Another receiver may have the message by now.
      const query = { popreceipt: popReceipt };
      await call("DELETE", `/messages/${id}`, { query, accepted: [404] });
    },
    async send(text) {
      const body = `<QueueMessage><MessageText>${escapeXml(text)}</MessageText></QueueMessage>`;
      const sent = await call("POST", "/messages", { body, accepted: [404] });
      if (sent.status !== 404) return;
      await call("PUT", "");
      await call("POST", "/messages", { body });
    },
  };
}

function parseConnectionString(text: string): Omit<Account, "now"> {
  const parts = new Map(
    text.split(";").flatMap((part): [string, string][] => {
      const at = part.indexOf("=");
      return at < 0 ? [] : [[part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()]];
    }),
  );
  if (parts.get("usedevelopmentstorage")?.toLowerCase() === "true") {
    return { ...developmentStorage, key: Buffer.from(developmentStorage.key, "base64") };
  }
  const [name, key, url] = ["accountname", "accountkey", "queueendpoint"].map((each) =>
    parts.get(each),
  );
  if (name === undefined || key === undefined || url === undefined) {
    throw new Error(
      "Cannot open the queue because its connection string must have AccountName, AccountKey and QueueEndpoint",
    );
  }
  return { name, key: Buffer.from(key, "base64"), url: url.replace(/\/+$/, "") };
}

type CallOptions = {
  query?: Readonly<Record<string, string>>;
  body?: string;
  /** Statuses of errors that the caller handles. */
  accepted?: readonly number[];
};
type Response = { status: number; headers: Headers; text: string };

async function request(
  account: Account,
  {
    method,
    path,
    query = {},
    body = "",
    accepted = [],
  }: CallOptions & { method: string; path: string },
): Promise<Response> {
  const url = new URL(`${account.url}${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const headers = {
    "x-ms-date": new Date(account.now()).toUTCString(),
    "x-ms-version": version,
    ...(body === "" ? {} : { "content-type": "application/xml" }),
  };
  const authorization = sign(account, { method, url, headers, body });
  const response = await fetch(url, {
    method,
    headers: { ...headers, authorization },
    ...(body === "" ? {} : { body }),
  });
  const text = await response.text();
  if (!response.ok && !accepted.includes(response.status)) {
    const code = response.headers.get("x-ms-error-code") ?? "";
    throw new Error(`Cannot use the queue because Storage responded: ${response.status} ${code}`);
  }
  return { status: response.status, headers: response.headers, text };
}

/** "Authorize with Shared Key": of the standard headers, only the length and type of the content are sent. */
function sign(
  { name, key }: Account,
  {
    method,
    url,
    headers,
    body,
  }: { method: string; url: URL; headers: Readonly<Record<string, string>>; body: string },
): string {
  const length = body === "" ? "" : `${Buffer.byteLength(body)}`;
  const standard = [
    method,
    "",
    "",
    length,
    "",
    headers["content-type"] ?? "",
    "",
    "",
    "",
    "",
    "",
    "",
  ];
  const own = Object.entries(headers)
    .filter(([header]) => header.startsWith("x-ms-"))
    .map(([header, value]) => `${header}:${value}`)
    .toSorted();
  const query = [...url.searchParams].map(([key_, value]) => `${key_}:${value}`).toSorted();
  const text = [...standard, ...own, `/${name}${url.pathname}`, ...query].join("\n");
  const signature = createHmac("sha256", key).update(text).digest("base64");
  return `SharedKey ${name}:${signature}`;
}

const parser = new XMLParser({ parseTagValue: false, isArray: (tag) => tag === "QueueMessage" });

function parseMessages(xml: string): QueueMessage[] {
  const { QueueMessagesList: list } = parser.parse(xml) as {
    QueueMessagesList?: { QueueMessage?: Readonly<Record<string, string>>[] } | string;
  };
  const messages = typeof list === "object" ? (list.QueueMessage ?? []) : [];
  return messages.map((message) => ({
    id: message["MessageId"] ?? "",
    popReceipt: message["PopReceipt"] ?? "",
    dequeueCount: Number(message["DequeueCount"]),
    text: message["MessageText"] ?? "",
    insertedOn: message["InsertionTime"] ?? "",
    expiresOn: message["ExpirationTime"] ?? "",
    nextVisibleOn: message["TimeNextVisible"] ?? "",
  }));
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
