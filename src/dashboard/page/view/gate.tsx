import type { ComponentChildren } from "preact";
import type { Connection } from "../state/page-state.ts";
import { KeyForm } from "./dialogs/key-form.tsx";
import { Name } from "./name.tsx";
import { ProblemText } from "./problem.tsx";

/** What stands between the page and the copies; null if nothing does. */
export function gateOf(connection: Connection, hasRows: boolean) {
  switch (connection.kind) {
    case "key":
      return (
        <Gate title="This app needs a key">
          <KeyForm isRejected={connection.isRejected} done={() => {}} />
        </Gate>
      );
    case "sign-in":
      return (
        <Gate title="Sign in">
          <p>
            This app accepts callers that have signed in with Microsoft Entra. Sign in here, or open
            this page again after you have signed in.
          </p>
          <div class="buttons">
            <a class="button primary" href={signInUrl()}>
              Sign in
            </a>
          </div>
        </Gate>
      );
    case "settings":
      return (
        <Gate title="The settings of this app are wrong">
          <p role="alert">
            <Name of="sentence" text={connection.message} />
          </p>
        </Gate>
      );
    case "lost":
      return hasRows ? null : (
        <Gate title="The app does not respond">
          <p role="alert">
            <ProblemText problem={connection} />
          </p>
          <p class="faint">The page tries again.</p>
        </Gate>
      );
    case "loading":
    case "live":
      return null;
  }
}

function Gate({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <main class="gate">
      <section class="card">
        <h2>{title}</h2>
        {children}
      </section>
    </main>
  );
}

/** The sign-in of App Service, which then returns here. */
function signInUrl(): string {
  return `/.auth/login/aad?post_login_redirect_uri=${encodeURIComponent(location.pathname)}`;
}
