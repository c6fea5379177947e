"use strict";

// Where this server is for the browser: this script lies in <root>/static/.
const root = new URL("..", document.currentScript.src);

const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", paint);
paint();

async function start() {
  const answer = await fetch(new URL("api/v3/openapi.json", root));
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  const spec = await answer.json();
  // Requests go to the server that this page came from, whatever it calls itself behind a proxy.
  spec.servers = [{ url: root.href.replace(/\/$/, "") }];
  SwaggerUIBundle({
    spec,
    dom_id: "#explorer",
    deepLinking: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    validatorUrl: null, // nothing is sent to anybody else
  });
}

start().catch((error) => {
  document.getElementById("explorer").textContent = `The API document could not be read: ${error.message}.`;
});
