import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Icon } from "../icons.tsx";

/** A dialog above the page. The browser keeps the focus in it, and gives it back. */
export function Modal(props: {
  title: string;
  wide?: boolean;
  close(): void;
  children: ComponentChildren;
}) {
  const { title, wide, close, children } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} class={wide === true ? "wide" : ""} aria-labelledby={id} onClose={close}>
      <div class="title">
        <h2 id={id}>{title}</h2>
        <button
          type="button"
          class="quiet square"
          aria-label="Close"
          onClick={() => dialog.current?.close()}
        >
          <Icon name="close" />
        </button>
      </div>
      {children}
    </dialog>
  );
}
