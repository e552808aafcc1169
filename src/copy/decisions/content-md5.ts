/**
 * Returns true if complete content is certainly not the planned content. Both Content-MD5s are base64; null or absent if
 * Storage has none. A copy has the Content-MD5 of its source, and setting another one removes the copy's properties
 * ("Copy Blob", "Copy Blob From URL", "Set Blob Properties").
 */
export function hasOtherMd5(
  planned: string | null | undefined,
  found: string | null | undefined,
): boolean {
  return isKnown(planned) && isKnown(found) && planned !== found;
}

function isKnown(md5: string | null | undefined): md5 is string {
  return md5 !== null && md5 !== undefined;
}
