import { expect, test } from "vitest";
import { parseDestination, parseSource } from "../../../src/copy/location/parse-endpoint.ts";
import { optionsOff } from "../../../src/copy/request/copy-options.ts";
import { checkAccess } from "../../../src/copy/routing/copy-access.ts";
import { epochMs } from "../../../src/copy/time.ts";
import { readSettings } from "../../../src/settings/settings.ts";

/* However the app's storage account is written, no pair and no route contains the app's state in it. */

const uri = "AzureWebJobsStorage__blobServiceUri";
const connection = "AzureWebJobsStorage";
const everything = "https://own.blob.core.windows.net";
const secret = "AccountKey=ZXhhbXBsZQ==";

test.each([
  [uri, "https://own.blob.core.windows.net"],
  [uri, "https://own.blob.core.windows.net/"],
  [uri, "HTTPS://OWN.Blob.Core.Windows.NET:443/"],
  [uri, "https://own-internetrouting.blob.core.windows.net"],
  [uri, "https://own-microsoftrouting.blob.core.windows.net"],
  [uri, "https://own-dualstack.blob.core.windows.net"],
  [uri, "https://own-ipv6.blob.core.windows.net"],
  [uri, "https://own-internetrouting-dualstack.blob.core.windows.net"],
  [uri, "https://own.z01.blob.storage.azure.net"],
  [uri, "https://own-internetrouting.z01.blob.storage.azure.net"],
  [uri, "https://own.blob.core.chinacloudapi.cn"],
  [uri, "http://127.0.0.1:10000/own"],
  [uri, "http://[::1]:10000/own/"],
  ["AzureWebJobsStorage__accountName", "own"],
  ["AzureWebJobsStorage__accountName", "OWN"],
  ["AzureWebJobsStorage__accountName", "own-internetrouting"],
  [connection, `DefaultEndpointsProtocol=https;AccountName=OWN;${secret}`],
  [connection, `accountname=Own;${secret};EndpointSuffix=core.windows.net`],
  [connection, `AccountName= own ;${secret}`],
  [connection, `BlobEndpoint=https://OWN-internetrouting.blob.core.windows.net;AccountName=Own`],
  [connection, "BlobEndpoint=https://own-dualstack.blob.core.windows.net;SharedAccessSignature=x"],
  [connection, `AccountName=own;${secret};BlobEndpoint=http://azurite:10000/own`],
  [connection, `AccountName=own;${secret};BlobEndpoint=http://127.0.0.1:10000/own;`],
])("with %s=%s, no copy reads or writes the app's own state", (name, value) => {
  const pairs = [{ from: `${everything}/inbox`, to: `${everything}/outbox` }];
  const settings = readSettings({ [name]: value, COPY_ALLOWED: JSON.stringify(pairs) });
  expect(settings.own.account).toBe("own");
  const refusalOf = (from: string, to: string) => {
    const source = parseSource(`${everything}/${from}`, settings.origins);
    const destination = parseDestination(`${everything}/${to}`, settings.origins);
    if (!source.ok || !destination.ok) throw new Error("Cannot parse the endpoints of the test");
    const copy = { source: source.endpoint, destination: destination.endpoint };
    const request = { ...copy, options: optionsOff, route: null };
    return checkAccess(settings, request, epochMs(0));
  };
  expect(refusalOf("inbox/a", "outbox/a")).toBeNull();
  const refused = { reason: expect.stringContaining("this app and its host keep their state") };
  expect(refusalOf("ferry-ledger/records/x", "outbox/a")).toMatchObject(refused);
  expect(refusalOf("inbox/a", "azure-webjobs-secrets/app/host.json")).toMatchObject(refused);
  const route = { name: "a", source: `${everything}/ferry-ledger`, destination: "" };
  const routes = [{ ...route, destination: "https://acct2.blob.core.windows.net/out/{path}" }];
  const read = () => readSettings({ [name]: value, COPY_ROUTES: JSON.stringify(routes) });
  expect(read).toThrow(/where this app and its host keep their state/);
});

const unreadable = /AzureWebJobsStorage must be the URL of an account's Blob service/;

test.each([
  [uri, "https://own.privatelink.blob.core.windows.net", unreadable],
  [uri, "https://own-secondary.blob.core.windows.net", unreadable],
  [uri, "https://own.blob.core.windows.net.", unreadable],
  [uri, "https://own.dfs.core.windows.net", unreadable],
  [uri, "https://own.queue.core.windows.net", unreadable],
  [uri, "https://md-own.blob.core.windows.net", unreadable],
  [uri, "https://files.contoso.example", unreadable],
  [uri, "https://own.contoso.example/own", unreadable],
  [uri, "http://127.0.0.1:10000", unreadable],
  [uri, "http://127.0.0.1:10000/OWN", unreadable],
  ["AzureWebJobsStorage__accountName", "own/other", unreadable],
  ["AzureWebJobsStorage__accountName", "x@own", /must contain an account's name, or the URL/],
  [connection, `AccountName=own;${secret};BlobEndpoint=https://files.contoso.example`, unreadable],
  [connection, `AccountName=own;${secret};BlobEndpoint=https://contoso.example/own`, unreadable],
  [connection, `AccountName=own;${secret};BlobEndpoint=http://azurite:10000/other`, unreadable],
  [
    connection,
    "AccountName=Own;BlobEndpoint=https://other.blob.core.windows.net;SharedAccessSignature=x",
    /names two accounts: one in AccountName, and another in BlobEndpoint/,
  ],
  [connection, `accountname=decoy;AccountName=own;${secret}`, /AccountName or BlobEndpoint twice/],
  [
    connection,
    `AccountName=own-secondary;${secret}`,
    /an account's name of 3 to 24 letters and digits/,
  ],
  [connection, `AccountName=;${secret}`, /3 to 24 letters and digits/],
  [connection, `AccountName=own;BlobEndpoint=https://own.blob.core.windows.net/x`, unreadable],
  [connection, `AccountName=own;BlobEndpoint=http://127.0.0.1:10000/own/x`, unreadable],
  [connection, `BlobEndpoint=https://own.blob.core.windows.net?sv=1`, unreadable],
  [
    connection,
    `AccountName=own;EndpointSuffix=core.windows.net&${secret}`,
    /a host name as EndpointSuffix/,
  ],
  [connection, secret, /must contain an account's name, or the URL of its Blob service/],
  [connection, `BlobEndpoint=;${secret}`, /must contain an account's name, or the URL/],
])("%s=%s is rejected, because its account is uncertain", (name, value, problem) => {
  const read = () => readSettings({ [name]: value });
  expect(read).toThrow(problem);
  expect(read).not.toThrow(/ZXhhbXBsZQ/);
});

test("the share with the app's files is recognized in capitals, too", () => {
  const settings = { [uri]: everything, WEBSITE_CONTENTSHARE: "App-A1B2" };
  expect(readSettings(settings).own.contentShare).toBe("app-a1b2");
});
