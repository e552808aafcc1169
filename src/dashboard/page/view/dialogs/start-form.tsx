import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { FieldProblem, Plan, StartRequest } from "../../../../client/ferry.ts";
import { asFerryError } from "../../api/loading.ts";
import { buildRequest, choices, fieldOf, formOf, problemText } from "../../state/start-request.ts";
import type { Dialog } from "../../state/page-state.ts";
import type { FieldName, StartForm as Form } from "../../state/start-request.ts";
import { Modal } from "./modal.tsx";
import { Name } from "../name.tsx";
import { usePage } from "../page-context.ts";
import { PlanView } from "./plan.tsx";
import { ProblemText } from "../problem.tsx";
import type { Failure } from "../problem.tsx";

const choiceLabels: Record<keyof typeof choices, string> = {
  overwrite: "If the destination exists",
  ifBusy: "If it is being written",
  rollback: "Rollback",
  tier: "Access tier",
};

const defaults: Record<keyof typeof choices, string> = {
  overwrite: "fail",
  ifBusy: "fail",
  rollback: "off",
  tier: "not set",
};

/** Starts a copy, or shows its plan. The app's messages are shown at the fields. */
export function StartForm(props: { dialog: Extract<Dialog, { kind: "start" }>; close(): void }) {
  const { dialog, close } = props;
  const { changes, loading, polling } = usePage();
  const [form, setForm] = useState<Form>(formOf(dialog.like));
  const [problems, setProblems] = useState<readonly FieldProblem[]>([]);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [plan, setPlan] = useState<Plan | null>(null);
  const [isBusy, setBusy] = useState(false);
  const element = useRef<HTMLFormElement>(null);
  const key = useRef(newKey());

  const change = (changed: Partial<Form>) => {
    setForm({ ...form, ...changed });
    setPlan(null);
    key.current = newKey(); // another request
  };
  const send = async (call: (request: StartRequest) => Promise<void>) => {
    setProblems([]);
    setFailure(null);
    const built = buildRequest(form);
    if (!built.ok) return setProblems(built.problems);
    setBusy(true);
    try {
      await call(built.request);
    } catch (error) {
      const failed = asFerryError(error);
      setProblems(failed.errors);
      setFailure(failed);
      setPlan(null);
    } finally {
      setBusy(false);
    }
  };
  const start = () =>
    send(async (request) => {
      const { id } = await changes.start(request, key.current);
      polling.hurry();
      close();
      void loading.select(id);
    });
  useEffect(() => {
    element.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [problems]);
  const of = (name: FieldName) => problems.filter(({ pointer }) => fieldOf(pointer) === name);
  const others = problems.filter(({ pointer }) => fieldOf(pointer) === null);

  return (
    <Modal title="New copy" wide close={close}>
      <form
        ref={element}
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        {dialog.like !== null && (
          <p class="hint">
            The form has the source and the destination of the earlier copy. Set its options again,
            and add its SAS if it had one.
          </p>
        )}
        {failure !== null && (
          <div class="problem" role="alert">
            <ProblemText problem={failure} />
            {others.length > 0 && (
              <ul>
                {others.map(({ pointer, message }) => (
                  <li key={pointer + message}>
                    <Name of="sentence" text={`${pointer}: ${message}`} />
                  </li>
                ))}
              </ul>
            )}
          </div>
        )}
        <TextField
          name="source"
          label="Source"
          hint="The URL of a blob, a snapshot, a version or a file; with a SAS if the app is not allowed to read it"
          {...{ form, change }}
          problems={of("source")}
        />
        <TextField
          name="destination"
          label="Destination"
          hint="The URL of a blob or a file"
          {...{ form, change }}
          problems={of("destination")}
        />
        <div class="choices">
          {choiceNames.map((name) => (
            <Choice key={name} name={name} {...{ form, change }} problems={of(name)} />
          ))}
        </div>
        <TextField
          name="options"
          label="Further options"
          hint={'JSON, as in the API: {"tags": {"team": "video"}, "sourceLease": "hold"}'}
          isLong
          {...{ form, change }}
          problems={of("options")}
        />
        {plan !== null && <PlanView plan={plan} />}
        <div class="buttons end">
          <button
            type="button"
            disabled={isBusy}
            onClick={() => void send(async (request) => setPlan(await changes.plan(request)))}
          >
            Dry run
          </button>
          <button type="submit" class="primary" disabled={isBusy}>
            Start the copy
          </button>
        </div>
      </form>
    </Modal>
  );
}

const choiceNames = ["overwrite", "ifBusy", "rollback", "tier"] as const;

type FieldProps = {
  form: Form;
  change(changed: Partial<Form>): void;
  problems: readonly FieldProblem[];
};

function TextField(
  props: FieldProps & { name: FieldName; label: string; hint: string; isLong?: boolean },
) {
  const { name, label, hint, isLong, form, change, problems } = props;
  const id = useId();
  const shared = {
    id,
    value: form[name],
    placeholder: name === "options" ? "{ }" : "https://",
    autocomplete: "off",
    spellcheck: false,
    "aria-invalid": problems.length > 0,
    "aria-describedby": `${id}-hint ${id}-problems`,
  } as const;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {isLong === true ? (
        <textarea
          rows={2}
          {...shared}
          onInput={({ currentTarget }) => change({ [name]: currentTarget.value })}
        />
      ) : (
        <input
          type="text"
          inputMode="url"
          {...shared}
          onInput={({ currentTarget }) => change({ [name]: currentTarget.value })}
        />
      )}
      <p id={`${id}-hint`} class="hint">
        {hint}
      </p>
      <Problems id={`${id}-problems`} problems={problems} />
    </div>
  );
}

function Choice(props: FieldProps & { name: keyof typeof choices }) {
  const { name, form, change, problems } = props;
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{choiceLabels[name]}</label>
      <select
        id={id}
        value={form[name]}
        aria-invalid={problems.length > 0}
        aria-describedby={`${id}-problems`}
        onChange={({ currentTarget }) => change({ [name]: currentTarget.value })}
      >
        <option value="">{defaults[name]} (default)</option>
        {choices[name]
          .filter((choice) => choice !== defaults[name])
          .map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
      </select>
      <Problems id={`${id}-problems`} problems={problems} />
    </div>
  );
}

function Problems({ id, problems }: { id: string; problems: readonly FieldProblem[] }) {
  return (
    <div id={id}>
      {problems.map(({ pointer, message }) => (
        <p key={pointer + message} class="problem">
          <Name of="sentence" text={problemText({ pointer, message })} />
        </p>
      ))}
    </div>
  );
}

/** An Idempotency-Key: a repeated attempt at the same request starts one copy. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
