import type { ComponentChildren } from "preact";

/** One line of details. A fact that is not known is not shown. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === "") return null;
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
