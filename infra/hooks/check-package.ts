/** The task hub that a package was built for, by its host.json. */
export function backendOfPackage(hostJson: string): "storage" | "scheduler" {
  // The shape of host.json, of which this needs one value.
  const { extensions } = JSON.parse(hostJson) as {
    extensions?: { durableTask?: { storageProvider?: { type?: string } } };
  };
  const type = extensions?.durableTask?.storageProvider?.type ?? "AzureStorage";
  return type.toLowerCase() === "azuremanaged" ? "scheduler" : "storage";
}

/**
 * Throws if the task hub of the package is not that of the resources: the app would start, but find no orchestration.
 */
export function checkPackage(hostJson: string, backend: string): void {
  const built = backendOfPackage(hostJson);
  if (built === backend) return;
  throw new Error(
    `Cannot deploy because the package is built for the task hub "${built}", but the resources are for "${backend}": run "azd env set FERRY_BACKEND ${backend} -C infra", then "azd up -C infra"`,
  );
}
