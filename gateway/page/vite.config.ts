import { defineConfig } from "vitest/config";

// The gateway's own paths: in development they go to a gateway that runs.
const gateway = process.env["RINGFENCE_GATEWAY"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "/page/",
  publicDir: "public",
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: "licenses.md" },
    reportCompressedSize: false,
  },
  server: {
    host: "127.0.0.1",
    port: 5173,
    proxy: {
      "/v1": { target: gateway, secure: false },
      "/page/api": { target: gateway, secure: false },
    },
  },
  test: { environment: "node", include: ["test/**/*.test.ts"] },
});
