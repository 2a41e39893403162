import { Button } from "../ui/Button";
import { useToast } from "../ui/Toasts";
import styles from "./Account.module.css";

/** A secret that is shown this once. */
export function Secret({ what, value, onDone }: { what: "key" | "secret"; value: string; onDone: () => void }) {
  const say = useToast();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      say(`${what === "key" ? "Key" : "Secret"} copied.`);
    } catch {
      say(`Select the ${what} and copy it.`, "bad");
    }
  };
  return (
    <div className={styles.secret} role="status">
      <p>
        <strong>Copy this {what} now.</strong> It is shown this once; only its fingerprint is kept.
      </p>
      <code data-testid={what === "key" ? "key-secret" : "webhook-secret"}>{value}</code>
      <div className={styles.buttons}>
        <Button kind="primary" size="s" icon="copy" onClick={() => void copy()}>
          Copy {what}
        </Button>
        <Button kind="ghost" size="s" onClick={onDone}>
          I have it
        </Button>
      </div>
    </div>
  );
}
