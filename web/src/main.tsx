import { render } from "preact";
import { createAccountStore } from "./account.ts";
import { App } from "./app.tsx";
import { chooseLanguage } from "./words.ts";
import { Language } from "./language.ts";

const language = chooseLanguage(navigator.languages);
document.documentElement.lang = language.code;
document.title = language.words.appName;

const place = document.getElementById("page");
if (place !== null) {
  render(
    <Language.Provider value={language}>
      <App accounts={createAccountStore(location.origin)} url={location.origin} />
    </Language.Provider>,
    place,
  );
}
