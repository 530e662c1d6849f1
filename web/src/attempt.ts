import { useState } from "preact/hooks";
import { useWords } from "./language.ts";
import { wordsOfError } from "./problems.ts";

/** A change that somebody asks for by pressing something: one at a time, and why the last one did not happen. */
export interface Attempt {
  readonly isBusy: boolean;
  /** Empty when nothing went wrong. */
  readonly problem: string;
  readonly tell: (problem: string) => void;
  /** Passed over while another one is under way. Resolves with whether it happened. */
  readonly attempt: (change: () => Promise<void>, toWords?: typeof wordsOfError) => Promise<boolean>;
}

export function useAttempt(): Attempt {
  const words = useWords();
  const [isBusy, setIsBusy] = useState(false);
  const [problem, tell] = useState("");

  async function attempt(change: () => Promise<void>, toWords = wordsOfError): Promise<boolean> {
    if (isBusy) return false;
    setIsBusy(true);
    tell("");
    try {
      await change();
      return true;
    } catch (error) {
      tell(toWords(error, words));
      return false;
    } finally {
      setIsBusy(false);
    }
  }

  return { isBusy, problem, tell, attempt };
}
