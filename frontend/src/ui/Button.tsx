import type { ButtonHTMLAttributes, ReactNode } from "react";
import { Link, type LinkProps } from "react-router";

import styles from "./Button.module.css";
import { Icon, type IconName } from "./Icon";

interface Look {
  kind?: "primary" | "secondary" | "ghost" | "danger";
  size?: "s" | "m" | "l";
  icon?: IconName;
  /** Shows the icon alone; `children` stay as the name that screen readers say. */
  iconOnly?: boolean;
  children: ReactNode;
}

function classes({ kind = "secondary", size = "m", iconOnly }: Look, extra?: string): string {
  return [styles.button, styles[kind], styles[size], iconOnly && styles.iconOnly, extra].filter(Boolean).join(" ");
}

function Content({ icon, iconOnly, size, children }: Look) {
  return (
    <>
      {icon && <Icon name={icon} size={size === "l" ? 22 : 18} />}
      <span className={iconOnly ? "visually-hidden" : undefined}>{children}</span>
    </>
  );
}

export function Button({
  kind, size, icon, iconOnly, children, className, ...rest
}: Look & ButtonHTMLAttributes<HTMLButtonElement>) {
  const look: Look = { kind, size, icon, iconOnly, children } as Look;
  return (
    <button
      type="button"
      title={iconOnly && typeof children === "string" ? children : undefined}
      {...rest}
      className={classes(look, className)}
    >
      <Content {...look} />
    </button>
  );
}

export function ButtonLink({ kind, size, icon, iconOnly, children, className, ...rest }: Look & LinkProps) {
  const look: Look = { kind, size, icon, iconOnly, children } as Look;
  return (
    <Link {...rest} className={classes(look, className)}>
      <Content {...look} />
    </Link>
  );
}
