import type { ComponentChildren } from "preact";
import type { Plan } from "../../../../client/ferry.ts";
import { formatWord } from "../../text/format.ts";
import { EndpointText, Name } from "../name.tsx";

/** What a copy would do. Nothing of it has been done. */
export function PlanView({ plan }: { plan: Plan }) {
  const { destination, reads, writes, mints, conditions, notCarried } = plan;
  return (
    <section class="plan" aria-label="Plan">
      <h3>Plan: nothing was started</h3>
      <p>
        To <EndpointText url={destination} />. Ferry has not called Storage, so the plan does not
        show whether the source or the destination exists.
      </p>
      <Part title="Reads">{reads.map(showCall)}</Part>
      <Part title="Writes">{writes.map(showCall)}</Part>
      <Part title="Signs">
        {mints.map(({ url, permissions, validDays }, index) => (
          <li key={index}>
            a SAS (<Name text={permissions} />, {validDays} days) for <EndpointText url={url} />
          </li>
        ))}
      </Part>
      <Part title="Conditions">
        {conditions.map((condition) => (
          <li key={condition}>
            <Name of="sentence" text={condition} />
          </li>
        ))}
      </Part>
      <Part title="Not copied">
        {notCarried.map(({ what, option }) => (
          <li key={what}>
            <Name of="sentence" text={option === null ? what : `${what} (see ${option})`} />
          </li>
        ))}
      </Part>
    </section>
  );
}

function showCall({ operation, url, authorization, when }: Plan["reads"][number], index: number) {
  return (
    <li key={index}>
      <strong>{formatWord(operation)}</strong> <EndpointText url={url} />{" "}
      <span class="faint">
        {formatWord(authorization)}
        {when !== null && <Name of="sentence" text={`, ${when}`} />}
      </span>
    </li>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren[] }) {
  if (children.length === 0) return null;
  return (
    <>
      <h4>{title}</h4>
      <ul>{children}</ul>
    </>
  );
}
