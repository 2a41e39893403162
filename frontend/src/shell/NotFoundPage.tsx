import { ButtonLink } from "../ui/Button";
import { Mark } from "../ui/Wordmark";
import styles from "./Shell.module.css";
import { useTitle } from "./title";

export function NotFoundPage({ what = "page" }: { what?: string }) {
  useTitle("Not found");
  return (
    <div className={styles.empty}>
      <Mark size={56} />
      <h1>Nothing speaks here</h1>
      <p>This {what} does not exist, or it belongs to someone else.</p>
      <ButtonLink to="/" kind="primary" icon="arrow">
        To the studio
      </ButtonLink>
    </div>
  );
}
