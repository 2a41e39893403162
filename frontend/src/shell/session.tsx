import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { Navigate, Outlet, useLocation } from "react-router";

import type { Limits, Session } from "../api/types";
import { api } from "../core/client";
import { messageOf } from "../core/errors";
import { Button } from "../ui/Button";
import { Mark } from "../ui/Wordmark";
import styles from "./Shell.module.css";

interface SessionValue {
  session: Session;
  setSession: (session: Session) => void;
  signOut: () => Promise<void>;
}

const SessionContext = createContext<SessionValue | null>(null);

export function useSession(): SessionValue {
  const value = useContext(SessionContext);
  if (!value) throw new Error("useSession needs a SessionProvider");
  return value;
}

export function useLimits(): Limits {
  return useSession().session.limits;
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [session, setSession] = useState<Session>();
  const [error, setError] = useState<string>();
  const load = useCallback(() => {
    api.session().then(setSession, (failure: unknown) => setError(messageOf(failure)));
  }, []);
  useEffect(load, [load]);
  useEffect(() => {
    api.onUnauthenticated = () => setSession((old) => old && { ...old, signed_in: false, user: null });
  }, []);
  const value = useMemo(
    () =>
      session && {
        session,
        setSession,
        signOut: async () => {
          await api.signOut();
          setSession(await api.session());
        },
      },
    [session],
  );
  if (value) return <SessionContext value={value}>{children}</SessionContext>;
  return (
    <div className={styles.opening}>
      <Mark size={56} speaking={!error} />
      {error ? (
        <>
          <p role="alert">{error}</p>
          <Button
            icon="retry"
            onClick={() => {
              setError(undefined);
              load();
            }}
          >
            Try again
          </Button>
        </>
      ) : (
        <p className="visually-hidden">Opening avsite</p>
      )}
    </div>
  );
}

/** Pages inside need someone signed in; others go to sign-in and come back. */
export function SignedIn() {
  const { session } = useSession();
  const { pathname, search } = useLocation();
  if (session.signed_in) return <Outlet />;
  const next = pathname + search;
  return <Navigate to={next === "/" ? "/signin" : `/signin?next=${encodeURIComponent(next)}`} replace />;
}
