import { Component, type ReactNode } from "react";

import { Button } from "../ui/Button";
import { Mark } from "../ui/Wordmark";
import styles from "./Shell.module.css";

/** Shows a way on when a screen breaks, instead of nothing. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <div className={styles.empty} role="alert">
        <Mark size={56} />
        <h1>This screen stopped working</h1>
        <p>Your videos and uploads are safe on the server. Reload the page to go on.</p>
        <Button kind="primary" icon="retry" onClick={() => location.reload()}>
          Reload
        </Button>
      </div>
    );
  }
}
