import { type Address, stranger, type User, userWith } from "../harness/user.ts";
import type { Account } from "../harness/api.ts";

export const password = "password123";

/** Stories may be told again at a chat that keeps its data: an address is nobody else's. */
export function newAddress(name: string): string {
  return `${name.toLowerCase()}-${crypto.randomUUID()}@example.com`;
}

/** Somebody who has registered as the programs' readers do. */
export async function newPerson(address: Address, name: string): Promise<User> {
  const email = newAddress(name);
  const { status, body } = await stranger(address).post<Account>("/register", { email, password, name });
  if (status !== 201) throw new Error(`${name} could not register: ${status} ${JSON.stringify(body)}`);
  return userWith(address, { id: body.id, name, email, token: body.access_token });
}

/** Three people for all chapters of a story, who register when the first one needs them: that is the costly part. */
export function createCast(address: Address): () => Promise<Cast> {
  let cast: Promise<Cast> | undefined;
  async function register(): Promise<Cast> {
    const [alice, bob, carol] = await Promise.all(["Alice", "Bob", "Carol"].map((name) => newPerson(address, name)));
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error("nobody has come");
    return { alice, bob, carol };
  }
  return () => (cast ??= register());
}

export interface Cast {
  readonly alice: User;
  readonly bob: User;
  readonly carol: User;
}

/** A form as browsers and Postman send it. */
export async function postForm(
  address: Address,
  path: string,
  fields: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`${await address()}${path}`, { method: "POST", body: new URLSearchParams(fields) });
  return { status: response.status, body: await response.json() };
}
