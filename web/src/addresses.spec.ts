import { describe, expect, it } from "@jest/globals";
import { partsOfText } from "./addresses.ts";

const addressesIn = (text: string): readonly string[] =>
  partsOfText(text).flatMap((part) => (part.isAddress ? [part.text] : []));

describe("an address in a text", () => {
  it.each([
    ["https://example.org", ["https://example.org"]],
    [
      "see HTTP://Example.org/a?b=c&d=1#e, or https://пример.рф/путь!",
      ["HTTP://Example.org/a?b=c&d=1#e", "https://пример.рф/путь"],
    ],
    ["(https://example.org/a).", ["https://example.org/a"]],
    ["https://example.org/Chat_(talk)", ["https://example.org/Chat_(talk)"]],
    ["[https://example.org/?q[]=1]...", ["https://example.org/?q[]=1"]],
    ['«https://example.org/»: "http://localhost:8000/docs"', ["https://example.org/", "http://localhost:8000/docs"]],
    ["one\nhttps://example.org/_\ntwo", ["https://example.org/"]],
    ["https://[::1]:8000/", ["https://[::1]:8000/"]],
  ])("is found without what stands around it: %j", (text, addresses) => {
    expect(addressesIn(text)).toEqual(addresses);
  });

  it.each([
    "javascript:alert(1)",
    "data:text/html,https",
    "ftp://example.org",
    "xhttps://example.org",
    "https://",
    "https://.",
    "http:example.org",
    "https://bank.example@evil.example/",
    "https://@evil.example/",
    "https://bank.example\u2044.evil.example/",
    "http://a.example,http://b.example",
    "www.example.org",
    `https://example.org/${"x".repeat(2_000)}`,
  ])("is not seen in %j", (text) => {
    expect(partsOfText(text)).toEqual([{ text, isAddress: false }]);
  });

  it("ends where markup would begin, and where something begins that nobody sees", () => {
    expect(addressesIn(`https://a.example/"onclick="x`)).toEqual(["https://a.example/"]);
    expect(addressesIn("https://a.example/<b>x</b>")).toEqual(["https://a.example/"]);
    expect(addressesIn("https://a.example/\u202Emoc.live")).toEqual(["https://a.example/"]);
  });

  it("is a part of the text, of which nothing is lost", () => {
    const text = "a https://b.example/, (https://c.example) \n)) https://d.example...";
    expect(partsOfText(text).map((part) => part.text)).toEqual([
      ...["a ", "https://b.example/", ", (", "https://c.example", ") \n)) ", "https://d.example", "..."],
    ]);
    expect(partsOfText("")).toEqual([]);
  });

  it("takes no time to find in a text of the length that a message may have", () => {
    // A hundred times that length: whoever looks at a text again and again would not be done for minutes.
    const most = 1_600_000;
    const brackets = `${")".repeat(1_900)} https://a.example/`;
    for (const piece of [")", "https://a.example/)", "https://", "[https://a.example/ ", ".", brackets]) {
      const text = `https://a.example/${piece.repeat(most / piece.length)}`;
      expect(
        partsOfText(text)
          .map((part) => part.text)
          .join(""),
      ).toBe(text);
    }
  });
});
