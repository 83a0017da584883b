/** `vahti/client`: sends records to a hub, and reads them, from Node and from browsers. See docs/client.md. */
export { type Client, createClient } from './client.ts';
export {
  type ClientEvents,
  type ClientOptions,
  type ClientStanding,
  type ClientState,
  type ClientStorage,
  type Entry,
  HubError,
  type HubErrorCode,
  type Row,
  type Tail,
  type TailRows,
  type WebSocketClass,
  type WebSocketLike,
} from './types.ts';
