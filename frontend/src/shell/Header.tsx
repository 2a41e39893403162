import { useEffect, useRef, useState } from "react";
import { Link, NavLink, useNavigate } from "react-router";

import { hasEnded } from "../core/jobs";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Wordmark } from "../ui/Wordmark";
import { useJobs } from "./live";
import { useSession } from "./session";
import styles from "./Header.module.css";
import { saveTheme, savedTheme, systemTheme } from "./theme";

export function ThemeButton() {
  const [theme, setTheme] = useState(savedTheme() ?? systemTheme());
  const other = theme === "dark" ? "light" : "dark";
  return (
    <Button
      kind="ghost"
      icon={theme === "dark" ? "sun" : "moon"}
      iconOnly
      onClick={() => {
        saveTheme(other);
        setTheme(other);
      }}
    >
      {`Switch to ${other} theme`}
    </Button>
  );
}

function AccountMenu() {
  const { session, signOut } = useSession();
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const navigate = useNavigate();
  useEffect(() => {
    if (!open) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      setOpen(false);
      button.current?.focus();
    };
    const onPress = (event: PointerEvent) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("keydown", onKey);
    addEventListener("pointerdown", onPress);
    return () => {
      removeEventListener("keydown", onKey);
      removeEventListener("pointerdown", onPress);
    };
  }, [open]);
  const user = session.user;
  if (!user) return null;
  return (
    <div className={styles.account} ref={box}>
      <button
        ref={button}
        type="button"
        className={styles.avatar}
        aria-expanded={open}
        aria-label={`Account menu, signed in as ${user.username}`}
        onClick={() => setOpen(!open)}
      >
        {user.username.slice(0, 1).toUpperCase()}
      </button>
      {open && (
        <div className={styles.menu}>
          <p className={styles.who}>
            <strong>{user.username}</strong>
            {user.email && <span>{user.email}</span>}
          </p>
          <Link to="/account" onClick={() => setOpen(false)}>
            <Icon name="user" size={18} /> Account and API keys
          </Link>
          <Link to="/costs" onClick={() => setOpen(false)}>
            <Icon name="list" size={18} /> Costs
          </Link>
          <Link to="/doctor" onClick={() => setOpen(false)}>
            <Icon name="pulse" size={18} /> Doctor
          </Link>
          <a href="/api/v1/docs">
            <Icon name="book" size={18} /> API reference
          </a>
          {user.is_staff && (
            <a href="/admin/">
              <Icon name="sliders" size={18} /> Admin
            </a>
          )}
          <button
            type="button"
            onClick={() => {
              void signOut().then(() => navigate("/signin"));
            }}
          >
            <Icon name="exit" size={18} /> Sign out
          </button>
        </div>
      )}
    </div>
  );
}

export function Header() {
  const { session } = useSession();
  const working = useJobs().filter((job) => !hasEnded(job)).length;
  return (
    <header className={styles.header}>
      <Link to="/" className={styles.home} aria-label="avsite, to the studio">
        <Wordmark />
      </Link>
      {session.signed_in && (
        <nav aria-label="Main" className={styles.nav}>
          <NavLink to="/" end>
            Studio
          </NavLink>
          <NavLink to="/jobs">
            Videos
            {working > 0 && (
              <span className={styles.count} aria-label={`${working} in progress`}>
                {working}
              </span>
            )}
          </NavLink>
          <NavLink to="/dubs">Dubs</NavLink>
          <NavLink to="/rooms">Rooms</NavLink>
          <NavLink to="/avatars">Avatars</NavLink>
          <NavLink to="/library">Library</NavLink>
        </nav>
      )}
      <div className={styles.end}>
        <ThemeButton />
        <AccountMenu />
      </div>
    </header>
  );
}
