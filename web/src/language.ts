import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { chooseLanguage, type Language as SpokenLanguage, type Words } from "./words.ts";

export const Language = createContext<SpokenLanguage>(chooseLanguage([]));

export const useWords = (): Words => useContext(Language).words;
export const useLanguage = (): SpokenLanguage => useContext(Language);
