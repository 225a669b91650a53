import type { Circumstances } from '../swarm/permission';

/** What the browser says of the device and the line. */
export type Surroundings = Pick<
  Circumstances,
  'able' | 'privacySignal' | 'saveData' | 'cellular' | 'battery' | 'phone'
>;

/** What browsers have beyond the types of TypeScript, each of them only some. */
interface Device extends Navigator {
  globalPrivacyControl?: boolean;
  connection?: { saveData?: boolean; type?: string };
  getBattery?: () => Promise<{ level: number; charging: boolean }>;
}

/** Looks at the device and the line as they are now. */
export async function lookAround(): Promise<Surroundings> {
  const device = navigator as Device;
  const battery = await device.getBattery?.().catch(() => undefined);
  return {
    able: typeof crypto.subtle !== 'undefined' && typeof RTCPeerConnection !== 'undefined',
    privacySignal: device.globalPrivacyControl === true || device.doNotTrack === '1',
    saveData: device.connection?.saveData === true,
    cellular: device.connection?.type === 'cellular',
    battery: battery ? { level: battery.level, charging: battery.charging } : null,
    phone: isPhone(),
  };
}

/** True for a small screen that is touched. */
export function isPhone(): boolean {
  return matchMedia('(pointer: coarse)').matches && Math.min(screen.width, screen.height) < 600;
}
