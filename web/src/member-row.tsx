import type { ClientState, Role } from "@chat/client/state";
import { Avatar } from "./avatar.tsx";
import { whileBusy } from "./busy.ts";
import { useWords } from "./language.ts";
import { isolated, pictureOfPerson } from "./names.ts";

const roles = ["owner", "admin", "member"] as const satisfies readonly Role[];

export interface MemberRowProps {
  readonly state: ClientState;
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly isOwn: boolean;
  readonly isBusy: boolean;
  /** Null where the reader may not. */
  readonly onRole: ((role: Role) => void) | null;
  readonly onRemove: ((button: HTMLElement) => void) | null;
}

export function MemberRow({ state, id, name, role, isOwn, isBusy, onRole, onRemove }: MemberRowProps) {
  const words = useWords();
  const isThere = state.online.has(id);
  return (
    <li class="person">
      <Avatar {...{ id, name }} picture={pictureOfPerson(state, id)} kind="small" isOnline={isThere} />
      <bdi class="person-name">{name}</bdi>
      <span class="person-more">
        <span class="hint">{isOwn ? words.you : isThere ? words.online : ""}</span>
        {onRole !== null ? (
          <select
            value={role}
            aria-label={words.roleOf(name)}
            {...whileBusy(isBusy)}
            onChange={({ currentTarget }) => {
              const next = roles.find((one) => one === currentTarget.value);
              // It shows what is so, until the server has said that it is otherwise.
              currentTarget.value = role;
              if (next !== undefined) onRole(next);
            }}
          >
            {roles.map((one) => (
              <option key={one} value={one}>
                {words.roles[one]}
              </option>
            ))}
          </select>
        ) : (
          role !== "member" && <span class="hint">{words.roles[role]}</span>
        )}
        {onRemove !== null && (
          <button
            class="round"
            type="button"
            aria-label={words.removeMember(name)}
            title={words.removeMember(isolated(name))}
            {...whileBusy(isBusy)}
            onClick={({ currentTarget }) => onRemove(currentTarget)}
          >
            ×
          </button>
        )}
      </span>
    </li>
  );
}
