/** A route as COPY_ROUTES has it. */
export type RouteEntry = {
  name: string;
  source: string;
  prefix?: string;
  suffix?: string;
  glob?: string;
  destination: string;
  options?: Record<string, unknown>;
};

const blob = (account: string, path: string) => `https://${account}.blob.core.windows.net/${path}`;

/** Common shapes that cannot form a cycle: each must be accepted. */
export const safeShapes: Record<string, RouteEntry[]> = {
  "everything of one container to another account": [
    { name: "a", source: blob("acct1", "inbox"), destination: blob("acct2", "out/{path}") },
  ],
  "one container to another of the same account": [
    { name: "a", source: blob("acct1", "inbox"), destination: blob("acct1", "out/{path}") },
  ],
  "the same container name in another account": [
    { name: "a", source: blob("acct1", "inbox"), destination: blob("acct2", "{container}/{path}") },
  ],
  "one folder to another of the same container": [
    {
      name: "a",
      source: blob("acct1", "media"),
      prefix: "new/",
      destination: blob("acct1", "media/done/{name}"),
    },
  ],
  "one folder into a dated archive of the same container": [
    {
      name: "a",
      source: blob("acct1", "media"),
      prefix: "new/",
      destination: blob("acct1", "media/archive/{year}/{month}/{day}/{name}"),
    },
  ],
  "videos only": [
    {
      name: "a",
      source: blob("acct1", "inbox"),
      suffix: ".mp4",
      destination: blob("acct2", "films/{path}"),
    },
  ],
  "a glob over folders": [
    {
      name: "a",
      source: blob("acct1", "inbox"),
      glob: "**/*.{mp4,mov}",
      destination: blob("acct2", "films/{path}"),
    },
  ],
  "a glob that begins with a folder, back into another folder": [
    {
      name: "a",
      source: blob("acct1", "inbox"),
      glob: "raw/**/*.csv",
      destination: blob("acct1", "inbox/clean/{name}"),
    },
  ],
  "sorted by type": [
    {
      name: "a",
      source: blob("acct1", "inbox"),
      destination: blob("acct2", "sorted/{ext}/{name}"),
    },
  ],
  "by day, into one account for logs": [
    {
      name: "a",
      source: blob("acct1", "logs"),
      destination: blob("logs", "all/{year}/{month}/{day}/{hour}/{name}"),
    },
  ],
  "fan-out to two regions": [
    { name: "west", source: blob("acct1", "inbox"), destination: blob("west", "inbox/{path}") },
    { name: "east", source: blob("acct1", "inbox"), destination: blob("east", "inbox/{path}") },
  ],
  "fan-in from two regions": [
    { name: "west", source: blob("west", "inbox"), destination: blob("acct1", "west/{path}") },
    { name: "east", source: blob("east", "inbox"), destination: blob("acct1", "east/{path}") },
  ],
  "fan-in into one container, by folder": [
    { name: "west", source: blob("west", "inbox"), destination: blob("acct1", "all/west/{path}") },
    { name: "east", source: blob("east", "inbox"), destination: blob("acct1", "all/east/{path}") },
  ],
  "a chain of three accounts": [
    { name: "first", source: blob("acct1", "inbox"), destination: blob("acct2", "inbox/{path}") },
    { name: "second", source: blob("acct2", "inbox"), destination: blob("acct3", "inbox/{path}") },
  ],
  "a chain through folders of one container": [
    {
      name: "first",
      source: blob("acct1", "media"),
      prefix: "1/",
      destination: blob("acct1", "media/2/{name}"),
    },
    {
      name: "second",
      source: blob("acct1", "media"),
      prefix: "2/",
      destination: blob("acct1", "media/3/{name}"),
    },
  ],
  "a chain that branches and meets again": [
    { name: "a", source: blob("acct1", "inbox"), destination: blob("acct2", "left/{path}") },
    { name: "b", source: blob("acct1", "inbox"), destination: blob("acct2", "right/{path}") },
    { name: "c", source: blob("acct2", "left"), destination: blob("acct3", "out/left/{path}") },
    { name: "d", source: blob("acct2", "right"), destination: blob("acct3", "out/right/{path}") },
  ],
  "two accounts that copy to each other, separated by container": [
    { name: "there", source: blob("acct1", "ours"), destination: blob("acct2", "theirs/{path}") },
    { name: "back", source: blob("acct2", "ours"), destination: blob("acct1", "theirs/{path}") },
  ],
  "two accounts that copy to each other, separated by folder and under the same name": [
    {
      name: "there",
      source: blob("acct1", "media"),
      prefix: "east/",
      destination: blob("acct2", "media/{path}"),
    },
    {
      name: "back",
      source: blob("acct2", "media"),
      prefix: "west/",
      destination: blob("acct1", "media/{path}"),
    },
  ],
  "a backup in another tier of the same account": [
    {
      name: "a",
      source: blob("acct1", "live"),
      destination: blob("acct1", "backup/{path}"),
      options: { tier: "Archive" },
    },
  ],
  "one name that always holds the latest": [
    {
      name: "a",
      source: blob("acct1", "builds"),
      suffix: ".zip",
      destination: blob("acct1", "latest/app.zip"),
    },
  ],
  "a static site": [
    { name: "a", source: blob("acct1", "site"), destination: blob("acct2", "$web/{path}") },
  ],
  "only newer content": [
    {
      name: "a",
      source: blob("acct1", "inbox"),
      destination: blob("acct2", "inbox/{path}"),
      options: { overwrite: "if-newer", ifBusy: "fail" },
    },
  ],
  "folders whose names begin alike": [
    {
      name: "a",
      source: blob("acct1", "media"),
      prefix: "in/",
      destination: blob("acct1", "media/in-done/{name}"),
    },
  ],
  "containers whose names begin alike": [
    { name: "a", source: blob("acct1", "inbox"), destination: blob("acct1", "inbox2/{path}") },
  ],
  "a name within a folder, in another cloud": [
    {
      name: "a",
      source: "https://acct1.blob.core.usgovcloudapi.net/inbox",
      destination: "https://acct2.blob.core.usgovcloudapi.net/out/copy%20of%20{stem}.{ext}",
    },
  ],
};

/** Shapes that form a cycle, or may. */
export const cycles: Record<string, RouteEntry[]> = {
  "a container onto itself": [
    { name: "a", source: blob("acct1", "inbox"), destination: blob("acct1", "inbox/{path}") },
  ],
  "a container into a folder of itself": [
    { name: "a", source: blob("acct1", "inbox"), destination: blob("acct1", "inbox/done/{path}") },
  ],
  "a folder into a separate folder": [
    {
      name: "a",
      source: blob("acct1", "media"),
      prefix: "in/",
      destination: blob("acct1", "media/in/done/{name}"),
    },
  ],
  "a name that begins as the prefix does": [
    {
      name: "a",
      source: blob("acct1", "media"),
      prefix: "in",
      destination: blob("acct1", "media/in-done/{name}"),
    },
  ],
  "a suffix that makes no difference to the check": [
    {
      name: "a",
      source: blob("acct1", "media"),
      suffix: ".mp4",
      destination: blob("acct1", "media/{stem}.bak"),
    },
  ],
  "a variable that may be anything": [
    {
      name: "a",
      source: blob("acct1", "media"),
      prefix: "in/",
      destination: blob("acct1", "media/{ext}/{name}"),
    },
  ],
  "a date that may be the prefix": [
    {
      name: "a",
      source: blob("acct1", "media"),
      prefix: "2026/",
      destination: blob("acct1", "media/{year}/{name}"),
    },
  ],
  "there and back": [
    { name: "a", source: blob("acct1", "inbox"), destination: blob("acct2", "inbox/{path}") },
    { name: "b", source: blob("acct2", "inbox"), destination: blob("acct1", "inbox/{path}") },
  ],
  "three in a cycle": [
    { name: "a", source: blob("acct1", "xxx"), destination: blob("acct2", "{container}/{path}") },
    { name: "b", source: blob("acct2", "xxx"), destination: blob("acct3", "{container}/{path}") },
    { name: "c", source: blob("acct3", "xxx"), destination: blob("acct1", "{container}/{path}") },
  ],
  "one account under two of its hosts": [
    {
      name: "a",
      source: "https://acct1.blob.core.windows.net/inbox",
      destination: "https://acct1.z12.blob.storage.azure.net/inbox/{path}",
    },
  ],
};
