import { err, type Result } from '../../core/result.ts';
import type { Scope } from '../../core/scope.ts';
import { API, askMetadata, type TopicMetadata } from '../../wire/kafka/requests.ts';
import type { BrokerAddress, BrokerServer } from './broker-address.ts';
import { connectBroker, type KafkaAccess, type KafkaConnection } from './kafka-connection.ts';

export interface ContactOptions {
  readonly address: BrokerAddress;
  readonly access: KafkaAccess;
}

/** The broker that we ask about the topic: any one that answers. */
export function createContact({ address, access }: ContactOptions, scope: Pick<Scope, 'clock' | 'stop'>) {
  let connection: KafkaConnection | undefined;
  let others: readonly BrokerServer[] = [];

  const ask = async (at: KafkaConnection): Promise<Result<TopicMetadata, string>> => {
    const found = await at.ask(askMetadata(address.name, at.newest(API.metadata)));
    if (found.ok) others = found.value.brokers;
    return found;
  };

  return {
    async look(): Promise<Result<TopicMetadata, string>> {
      if (connection !== undefined) {
        const found = await ask(connection);
        if (found.ok) return found;
        connection.close();
        connection = undefined;
      }
      let trouble = 'nobody answers';
      for (const server of [...address.servers, ...others]) {
        if (scope.stop.aborted) break;
        const opened = await connectBroker(server, access, scope);
        const found = opened.ok ? await ask(opened.value) : opened;
        if (opened.ok && found.ok) {
          connection = opened.value;
          return found;
        }
        if (opened.ok) opened.value.close();
        if (!found.ok) trouble = found.error;
      }
      return err(trouble);
    },
    close: () => connection?.close(),
  };
}
