import { describe, expect, it } from "@jest/globals";
import { type TestServer, withHttpServer } from "@chat/shared/testing/http-server";
import { documentPages } from "./document-pages.ts";
import { createStaticFiles, type StaticFile } from "./static-files.ts";

const nobody = (): never => {
  throw new Error("nobody is asked who they are");
};

const serve = (files: readonly StaticFile[], use: (server: TestServer) => Promise<void>): Promise<void> =>
  withHttpServer({ routes: [], authenticate: nobody, pages: [createStaticFiles(files)] }, use);

describe("the pages of the documents", () => {
  it("name nothing but files of this server, which are all there", () =>
    serve(documentPages(), async ({ send }) => {
      for (const page of ["/docs", "/docs/", "/redoc", "/redoc/"]) {
        const { status, headers, text } = await send("GET", page);
        expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
        const named = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, path]) => path ?? "");
        expect(named.length).toBeGreaterThan(2);
        for (const path of named) expect([path, (await send("GET", path)).status]).toEqual([path, 200]);
      }
    }));

  it("let no script run but their own files, and no address be asked but this one", () =>
    serve(documentPages(), async ({ send }) => {
      const policy = (await send("GET", "/redoc")).headers["content-security-policy"];
      expect(policy).toContain("default-src 'none'; script-src 'self';");
      expect(policy).toContain("worker-src blob:");
      expect((await send("GET", "/redoc/redoc.js")).headers["content-security-policy"]).toBe(
        "default-src 'none'; frame-ancestors 'none'",
      );
    }));

  it("have no address of somebody else's picture in ReDoc's bundle", () =>
    serve(documentPages(), async ({ send }) => {
      const { text } = await send("GET", "/redoc/redoc.js");
      expect(text).toContain("Redoc");
      expect(text).not.toContain("cdn.redoc.ly");
    }));
});

describe("static files", () => {
  const text = "once upon a time, ".repeat(100);
  const file = { path: "/story.js", type: "js", read: () => text };

  it("come compressed to those who ask for that", () =>
    serve([file], async ({ server, send }) => {
      expect((await send("GET", "/story.js")).text).toBe(text);
      const { port } = server.address();
      const answer = await fetch(`http://127.0.0.1:${String(port)}/story.js`, {
        headers: { "Accept-Encoding": "gzip" },
      });
      expect([answer.headers.get("content-encoding"), await answer.text()]).toEqual(["gzip", text]);
      expect(Number(answer.headers.get("content-length"))).toBeLessThan(text.length);
    }));

  it("come once to a browser that keeps them", () =>
    serve([file, { ...file, path: "/a1b2.js", immutable: true }], async ({ send }) => {
      const first = await send("GET", "/story.js");
      expect(first.headers["cache-control"]).toBe("no-cache");
      const again = await send("GET", "/story.js", { headers: { "If-None-Match": first.headers.etag ?? "" } });
      expect([again.status, again.text]).toEqual([304, ""]);
      expect((await send("GET", "/a1b2.js")).headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    }));

  it("are a list: another path, a parent folder and another method find nothing", () =>
    serve([file], async ({ send }) => {
      for (const path of ["/story.jsx", "/../package.json", "/%2e%2e/package.json", "/story.js/"])
        expect([path, (await send("GET", path)).status]).toEqual([path, 404]);
      expect((await send("POST", "/story.js")).status).toBe(404);
      expect((await send("HEAD", "/story.js")).status).toBe(200);
      const asked = await send("OPTIONS", "/story.js");
      expect([asked.status, asked.headers.allow]).toEqual([204, "GET, HEAD, OPTIONS"]);
    }));

  it("are asked for again when they could not be read", () => {
    let asked = 0;
    const late: StaticFile = {
      ...file,
      read: () => {
        asked += 1;
        if (asked === 1) throw new Error("the disk is away");
        return text;
      },
    };
    return serve([late], async ({ send }) => {
      expect((await send("GET", "/story.js")).status).toBe(500);
      expect((await send("GET", "/story.js")).text).toBe(text);
    });
  });
});
