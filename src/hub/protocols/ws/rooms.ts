import { type Principal, visibleAgents } from '../../server/principal.ts';

/** Who is pushed what happens on an agent. */
export interface Member {
  readonly principal: Principal;
  readonly version: 1 | 2;
  /** The agent that is meant where a frame names none. */
  readonly agent?: string | undefined;
  /** Takes a frame that is ready. Never blocks; where it cannot be sent the member sees to it that its client knows. */
  deliver(frame: string): void;
}

/** A push in both forms; a form that is absent goes to nobody of that version. */
export interface Push {
  readonly v1?: Readonly<Record<string, unknown>>;
  readonly v2?: Readonly<Record<string, unknown>>;
}

/** Which connections may see which agent. */
export interface Rooms {
  enter(member: Member): void;
  leave(member: Member): void;
  /** To every member that may see the agent, but one. @returns how many it was handed to. */
  push(agent: string, push: Push, except?: unknown): number;
}

export function createRooms(): Rooms {
  const byAgent = new Map<string, Set<Member>>();
  /** Who may see all. */
  const everywhere = new Set<Member>();
  return {
    enter(member) {
      const agents = agentsOf(member);
      if (agents === undefined) everywhere.add(member);
      for (const agent of agents ?? []) {
        const room = byAgent.get(agent) ?? new Set();
        byAgent.set(agent, room.add(member));
      }
    },
    leave(member) {
      everywhere.delete(member);
      for (const agent of agentsOf(member) ?? []) {
        const room = byAgent.get(agent);
        room?.delete(member);
        if (room?.size === 0) byAgent.delete(agent);
      }
    },
    push(agent, push, except) {
      const texts = { 1: once(push.v1), 2: once(push.v2) };
      let count = 0;
      for (const members of [byAgent.get(agent) ?? [], everywhere]) {
        for (const member of members) {
          const text = member === except ? undefined : texts[member.version]();
          if (text === undefined) continue;
          member.deliver(text);
          count++;
        }
      }
      return count;
    },
  };
}

/** The old frames do not say whose they are: who speaks that protocol hears of one agent. */
function agentsOf({ principal, version, agent }: Member): readonly string[] | undefined {
  if (version === 2) return visibleAgents(principal);
  return agent === undefined ? [] : [agent];
}

/** Made when it is first needed, for all who need it. */
function once(frame: Readonly<Record<string, unknown>> | undefined): () => string | undefined {
  let text: string | undefined;
  return () => (text ??= frame && JSON.stringify(frame));
}
