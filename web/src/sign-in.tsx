import { useState } from "preact/hooks";
import { type AccountStore, NotSignedIn } from "./account.ts";
import { whileBusy } from "./busy.ts";
import { useWords } from "./language.ts";
import { wordsOfNotSignedIn } from "./problems.ts";

export function SignIn({ accounts }: { readonly accounts: AccountStore }) {
  const words = useWords();
  const [isNew, setIsNew] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function submit(form: HTMLFormElement): Promise<void> {
    if (isBusy) return;
    const fields = new FormData(form);
    const field = (name: string): string => {
      const value = fields.get(name);
      return typeof value === "string" ? value : "";
    };
    // A telephone's keyboard ends with a space what it has completed.
    const credentials = { email: field("email").trim(), password: field("password") };
    setIsBusy(true);
    setProblem(null);
    try {
      await (isNew ? accounts.signUp({ ...credentials, name: field("name") }) : accounts.signIn(credentials));
    } catch (error) {
      setIsBusy(false);
      if (!(error instanceof NotSignedIn)) throw error;
      setProblem(wordsOfNotSignedIn(error, isNew, words));
    }
  }

  return (
    <main class="sign-in">
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        <h1>{words.appName}</h1>
        {isNew && (
          <label>
            {words.name}
            <input name="name" dir="auto" required maxLength={100} autocomplete="name" />
          </label>
        )}
        <label>
          {words.email}
          {/* What an address is the server says: browsers know none with other letters than Latin ones. */}
          <input
            name="email"
            inputMode="email"
            required
            maxLength={254}
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            autofocus
          />
        </label>
        <label>
          {words.password}
          <input
            name="password"
            type="password"
            required
            minLength={isNew ? 8 : 1}
            maxLength={256}
            autocomplete={isNew ? "new-password" : "current-password"}
            aria-describedby={isNew ? "password-hint" : undefined}
          />
        </label>
        {isNew && (
          <p class="hint" id="password-hint">
            {words.passwordHint}
          </p>
        )}
        <p class="problem" role="alert">
          {problem}
        </p>
        <button class="primary" {...whileBusy(isBusy)}>
          {isNew ? words.signUp : words.signIn}
        </button>
        <button
          class="link"
          type="button"
          onClick={() => {
            setIsNew(!isNew);
            setProblem(null);
          }}
        >
          {isNew ? words.signInInstead : words.signUpInstead}
        </button>
      </form>
    </main>
  );
}
