import { CallError, useSession } from '../api/call.ts';
import { logout, me } from '../api/generated.ts';

export type Role = 'view' | 'operate' | 'admin';
const ROLES: readonly Role[] = ['view', 'operate', 'admin'];

export interface Who {
  readonly name: string;
  readonly role: Role;
  /** null: all. */
  readonly agents: readonly string[] | null;
  readonly csrf: string;
}

/** Who looks at the page. */
class Session {
  /** undefined: not asked yet; null: nobody was let in. */
  who = $state.raw<Who | null | undefined>(undefined);
  trouble = $state.raw('');

  may(role: Role): boolean {
    const own = this.who;
    return own !== undefined && own !== null && ROLES.indexOf(own.role) >= ROLES.indexOf(role);
  }

  async load(): Promise<void> {
    try {
      this.begin(await me());
    } catch (error) {
      if (error instanceof CallError && error.status === 401) this.who = null;
      else this.trouble = error instanceof Error ? error.message : String(error);
    }
  }

  begin({
    name,
    role,
    agents,
    csrf,
  }: {
    name: string;
    role?: Role;
    agents: readonly string[] | null;
    csrf?: string;
  }): void {
    this.trouble = '';
    this.who = { name, role: role ?? 'view', agents, csrf: csrf ?? '' };
    useSession(csrf ?? '', () => {
      this.who = null;
    });
  }

  async end(): Promise<void> {
    await logout();
    this.who = null;
  }
}

export const session = new Session();
