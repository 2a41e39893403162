import styles from "./Backdrop.module.css";

/** The picture itself, blurred and dark, where its shape leaves room. */
export function Backdrop({ url }: { url: string | null }) {
  return url ? <img className={styles.backdrop} src={url} alt="" aria-hidden="true" /> : null;
}
