import type { Endpoint } from "./endpoint.ts";
import { externalPathProblems } from "./external-path.ts";
import {
  blobNameProblems,
  fileNameProblems,
  isContainerName,
  isShareName,
  rootNameProblems,
} from "./storage-names.ts";

/**
 * Returns true if Ferry could have parsed the endpoint's names from a URL or an event, so that the URL that Storage gets
 * has exactly these names. Activities check this, because any client with access to the task hub can put any text there.
 */
export function isWellNamed(endpoint: Endpoint): boolean {
  const { path } = endpoint;
  switch (endpoint.service) {
    case "external":
      return (
        /^\/[!-~]*$/.test(path) && !/[?#\\]/.test(path) && externalPathProblems(path).length === 0
      );
    case "blob":
      return (
        isContainerName(endpoint.container) &&
        path !== "" &&
        blobNameProblems(path).length === 0 &&
        rootNameProblems(endpoint.container, path).length === 0
      );
    case "file":
      return isShareName(endpoint.share) && path !== "" && fileNameProblems(path).length === 0;
  }
}
