// The package has one entry for all its transports, through which every page would load this one, too.
import { WebRTCDirectTransport } from '../../../node_modules/@libp2p/webrtc/dist/src/private-to-public/transport.js';

type Components = ConstructorParameters<typeof WebRTCDirectTransport>[0];

/** The way to a node by UDP: loaded only where a node has that. */
export const webRTCDirect = () => (components: Components) =>
  new WebRTCDirectTransport(components, { rtcConfiguration: { iceServers: [] } });
