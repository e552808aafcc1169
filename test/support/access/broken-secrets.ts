/** A string that no message may contain. It consists of capitals and digits, so a host contains it in lower case. */
export const canary = "S3CRETCANARY0123456789";

const key = `${canary}abcdefghijklmnopqrstuvwxyz+/ABCDEFGHIJKLMNOPQRSTUVWXYZ0123==`;
const protocol = "DefaultEndpointsProtocol=https";
const suffix = "EndpointSuffix=core.windows.net";
const host = "acct1.blob.core.windows.net";
const sas = `sv=2026-10-06&sp=rw&sig=${canary}%2B`;

/** Values of secret settings that were mistyped, cut off or pasted into the wrong place. All of them are invalid. */
export const brokenSecrets: readonly [setting: string, value: string][] = [
  // A separator that was lost or replaced.
  ...["\n", "\r\n", " ", "&", ",", "|", "\t", "/", "", "%3B"].map((separator): [string, string] => [
    "AzureWebJobsStorage",
    [protocol, "AccountName=acct1", `AccountKey=${key}`, suffix].join(separator),
  ]),
  ...["\n", " ", "&", ",", ":", "/", "?"].flatMap((separator): [string, string][] => [
    ["AzureWebJobsStorage", `${protocol};AccountName=acct1${separator}AccountKey=${key};${suffix}`],
    ["AzureWebJobsStorage", `AccountName=acct1;${suffix}${separator}AccountKey=${key}`],
    ["AzureWebJobsStorage", `BlobEndpoint=https://${host}${separator}SharedAccessSignature=${sas}`],
    ["AzureWebJobsStorage", `BlobEndpoint=http://127.0.0.1:10000/acct1${separator}${sas}`],
    ["AzureWebJobsStorage", `AccountName=acct1;BlobEndpoint=https://${canary}.example${separator}`],
  ]),
  // A value with the wrong name, or without a name.
  ["AzureWebJobsStorage", key],
  ["AzureWebJobsStorage", `"${protocol};AccountName=acct1&AccountKey=${key}"`],
  ["AzureWebJobsStorage", `AccountKey=${key};${suffix}`],
  ["AzureWebJobsStorage", `AccountName=${key};AccountKey=acct1;${suffix}`],
  ["AzureWebJobsStorage", `AccountName=acct1;AccountName=${key};${suffix}`],
  ["AzureWebJobsStorage", `AccountName=acct1;BlobEndpoint=${key}`],
  ["AzureWebJobsStorage", `AccountName=acct1;BlobEndpoint=https://u:${canary}@${host}`],
  ["AzureWebJobsStorage", `AccountName=acct1;BlobEndpoint=https://${canary}.blob.core.windows.net`],
  ["AzureWebJobsStorage", `BlobEndpoint=https://${host}/${canary}`],
  ["AzureWebJobsStorage", `BlobEndpoint=https://${host}?${sas}`],
  ["AzureWebJobsStorage", `https://${host}/?${sas}`],
  ["COPY_NOTICE_WEBHOOK", `http://hooks.example/${canary}`],
  ["COPY_NOTICE_WEBHOOK", `https://user:${canary}@hooks.example/`],
  ["COPY_NOTICE_WEBHOOK", `https://${canary}@hooks.example/`],
  ["COPY_NOTICE_WEBHOOK", `https://hooks.example:${canary}/`],
  ["COPY_NOTICE_WEBHOOK", `hooks.example/${canary}`],
  ["COPY_NOTICE_SECRET", canary.slice(0, 20)],
  ["COPY_NOTICE_SECRET", `whsec_${canary.repeat(9)}`],
  ["COPY_NOTICE_TOPIC_KEY", `${canary}\n${canary}`],
  ["COPY_NOTICE_TOPIC_KEY", `${canary} ${canary}`],
  ["COPY_NOTICE_TOPIC_KEY", `${canary}\u2013`],
  ["COPY_SECRET_KEYS", canary],
  ["COPY_SECRET_KEYS", `${key},${canary}`],
  ["COPY_SECRET_KEYS", `${Buffer.alloc(32, 7).toString("base64")}\n${canary}`],
];
