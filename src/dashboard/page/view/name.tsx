import { nameParts } from "../text/names.ts";
import { urlParts } from "../text/urls.ts";

/**
 * Shows a segment of a name, or a sentence that may contain names. It is not trusted: its direction cannot change the
 * text around it.
 */
export function Name({ text, of = "segment" }: { text: string; of?: "segment" | "sentence" }) {
  return (
    <bdi dir="ltr">
      {nameParts(text, of).map((part, index) => {
        switch (part.kind) {
          case "plain":
            return part.text;
          case "rtl":
            return <bdi key={index}>{part.text}</bdi>;
          case "escaped":
            return (
              <span key={index} class="escaped">
                {part.text}
              </span>
            );
          case "alike":
            return (
              <mark
                key={index}
                class="alike"
                title={`Looks like another letter: ${codes(part.text)}`}
              >
                {part.text}
              </mark>
            );
        }
      })}
    </bdi>
  );
}

function codes(text: string): string {
  const code = (char: string) => (char.codePointAt(0) ?? 0).toString(16).padStart(4, "0");
  return Array.from(text, (char) => `U+${code(char).toUpperCase()}`).join(" ");
}

/**
 * Shows an endpoint in one line. If there is not enough room, the host and then the folders are cut off, but not the
 * name.
 */
export function EndpointLine({ url }: { url: string }) {
  const { host, segments, query } = urlParts(url);
  const folders = segments.slice(0, -1);
  return (
    <span class="endpoint" dir="ltr">
      <span class="host">
        <Name text={host} />/
      </span>
      <span class="folders">
        <Folders segments={folders} />
      </span>
      <span class="file">
        <Name text={segments.at(-1) ?? ""} />
        {query !== "" && <Name of="sentence" text={query} />}
      </span>
    </span>
  );
}

/** Shows a container, or a folder in it, in one line. If there is not enough room, its beginning is cut off. */
export function FolderLine({ url }: { url: string }) {
  const { host, segments } = urlParts(url);
  const folders = segments.filter(
    (segment, index) => index < segments.length - 1 || segment !== "",
  );
  return (
    <span class="endpoint" dir="ltr">
      <span class="host">
        <Name text={host} />/
      </span>
      <span class="folders">
        <Folders segments={folders.slice(0, -1)} />
      </span>
      <span class="file">
        <Name text={folders.at(-1) ?? ""} />/
      </span>
    </span>
  );
}

/** Shows the name of a folder, or of its container, without the folders before it. */
export function FolderName({ url }: { url: string }) {
  const { host, segments } = urlParts(url);
  return (
    <>
      <Name text={segments.findLast((segment) => segment !== "") ?? host} />/
    </>
  );
}

/** Shows the name of an object, which may have folders. */
export function ObjectName({ name }: { name: string }) {
  const segments = name.split("/");
  return (
    <span class="endpoint-text" dir="ltr">
      <Folders segments={segments.slice(0, -1)} />
      <span class="file">
        <Name text={segments.at(-1) ?? ""} />
      </span>
    </span>
  );
}

/** Shows an endpoint in full, on as many lines as it needs. */
export function EndpointText({ url }: { url: string }) {
  const { scheme, host, segments, query } = urlParts(url);
  return (
    <span class="endpoint-text" dir="ltr">
      <span class="host">
        {scheme}
        <Name text={host} />/
      </span>
      <Folders segments={segments.slice(0, -1)} />
      <span class="file">
        <Name text={segments.at(-1) ?? ""} />
      </span>
      {query !== "" && <Name of="sentence" text={query} />}
    </span>
  );
}

function Folders({ segments }: { segments: readonly string[] }) {
  return (
    <>
      {segments.map((segment, index) => (
        <span key={index}>
          <Name text={segment} />/
        </span>
      ))}
    </>
  );
}
