import { useId } from "react";

import type { Device } from "../core/devices";
import { Icon, type IconName } from "../ui/Icon";
import styles from "./Device.module.css";

interface DeviceSelectProps {
  label: string;
  icon: IconName;
  devices: readonly Device[];
  value: string;
  /** Shown while the browser does not name any. */
  none: string;
  onChange: (id: string) => void;
}

export function DeviceSelect({ label, icon, devices, value, none, onChange }: DeviceSelectProps) {
  const id = useId();
  const known = devices.some((one) => one.id === value);
  return (
    <div className={styles.device}>
      <label htmlFor={id}>
        <Icon name={icon} size={18} />
        <span className="visually-hidden">{label}</span>
      </label>
      <select id={id} value={known ? value : (devices[0]?.id ?? "")} disabled={!devices.length} onChange={(event) => onChange(event.target.value)}>
        {devices.length ? devices.map((one) => <option key={one.id} value={one.id}>{one.label}</option>) : <option value="">{none}</option>}
      </select>
      <Icon name="chevron" size={16} />
    </div>
  );
}
