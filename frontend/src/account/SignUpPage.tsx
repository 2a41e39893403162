import { Link, Navigate } from "react-router";

import { api } from "../core/client";
import { useSession } from "../shell/session";
import { useTitle } from "../shell/title";
import { Field, Sheet } from "./Form";

const FIELDS = ["username", "email", "password"];

export function SignUpPage() {
  useTitle("Create an account");
  const { session, setSession } = useSession();
  if (session.signed_in) return <Navigate to="/" replace />;
  if (!session.signup_open) return <Navigate to="/signin" replace />;
  return (
    <Sheet
      title="Create an account"
      intro="Your faces, voices and videos stay on this server."
      button="Create account"
      fields={FIELDS}
      onSubmit={async ({ username = "", email = "", password = "" }) =>
        setSession(await api.signUp(username, email, password))
      }
      foot={
        <>
          Have an account? <Link to="/signin">Sign in</Link>
        </>
      }
    >
      {(problem) => (
        <>
          <Field label="Username" name="username" autoComplete="username" required problem={problem} />
          <Field label="Email" name="email" type="email" autoComplete="email" problem={problem} />
          <Field
            label="Password"
            name="password"
            type="password"
            autoComplete="new-password"
            required
            minLength={8}
            hint="At least 8 characters."
            problem={problem}
          />
        </>
      )}
    </Sheet>
  );
}
