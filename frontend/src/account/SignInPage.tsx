import { Link, Navigate, useSearchParams } from "react-router";

import { api } from "../core/client";
import { useSession } from "../shell/session";
import { useTitle } from "../shell/title";
import { Field, Sheet } from "./Form";

/** Only paths of this site: a link must not lead a signed-in visitor elsewhere. */
function safePath(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) ? next : "/";
}

export function SignInPage() {
  useTitle("Sign in");
  const { session, setSession } = useSession();
  const [params] = useSearchParams();
  if (session.signed_in) return <Navigate to={safePath(params.get("next"))} replace />;
  return (
    <Sheet
      title="Sign in"
      intro="Put a face to any voice."
      button="Sign in"
      fields={[]}
      onSubmit={async ({ username = "", password = "" }) => setSession(await api.signIn(username, password))}
      foot={
        session.signup_open ? (
          <>
            New here? <Link to="/signup">Create an account</Link>
          </>
        ) : (
          "New accounts are made by the administrator of this server."
        )
      }
    >
      {(problem) => (
        <>
          <Field label="Username" name="username" autoComplete="username" required problem={problem} />
          <Field
            label="Password"
            name="password"
            type="password"
            autoComplete="current-password"
            required
            problem={problem}
          />
        </>
      )}
    </Sheet>
  );
}
