// check.mjs URL MODEL: what OpenAI's JavaScript SDK gets from a gateway. One line for each check; status 1 when one failed.
import assert from "node:assert/strict";
import OpenAI from "openai";

const [url, model] = process.argv.slice(2);
const client = new OpenAI({ baseURL: url, apiKey: "any", maxRetries: 0, timeout: 120_000 });
const ask = (content) => [{ role: "user", content }];

const checks = {
  async listsAndFindsModels() {
    const names = [];
    for await (const entry of client.models.list()) names.push(entry.id);
    assert.ok(names.includes(model));
    assert.equal((await client.models.retrieve(model)).id, model);
  },

  async answersAChat() {
    const answer = await client.chat.completions.create({ model, messages: ask("Say hello"), max_completion_tokens: 8 });
    assert.ok(answer.choices[0].message.content);
    assert.ok(["stop", "length"].includes(answer.choices[0].finish_reason));
    assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
  },

  async streamsAChatWithUsage() {
    const stream = await client.chat.completions.create({
      model,
      messages: ask("Say hello to everybody"),
      max_tokens: 8,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let usage = null;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage ?? usage;
    }
    assert.ok(text);
    assert.ok(usage.completion_tokens > 0);
  },

  async saysWhereItRan() {
    const { response } = await client.chat.completions.create({ model, messages: ask("Hi"), max_tokens: 2 }).withResponse();
    assert.ok(response.headers.get("ringfence-node"));
    assert.ok(response.headers.get("ringfence-zone"));
  },

  async givesSeveralChoicesWithLogprobs() {
    const answer = await client.chat.completions.create({
      model,
      messages: ask("Pick a colour"),
      n: 2,
      max_tokens: 4,
      logprobs: true,
      top_logprobs: 2,
    });
    assert.deepEqual(answer.choices.map((choice) => choice.index), [0, 1]);
    for (const choice of answer.choices) {
      assert.ok(choice.logprobs.content.length > 0);
      for (const token of choice.logprobs.content) assert.equal(token.top_logprobs.length, 2);
    }
  },

  async stopsAtAString() {
    const answer = await client.chat.completions.create({
      model,
      messages: ask("one two three four"),
      stop: "three",
      max_tokens: 24,
      temperature: 0,
    });
    assert.ok(!answer.choices[0].message.content.includes("three"));
  },

  async completesText() {
    const answer = await client.completions.create({ model, prompt: "Once upon a time", max_tokens: 4, logprobs: 1 });
    assert.ok(answer.choices[0].text);
    assert.equal(answer.choices[0].logprobs.tokens.length, answer.choices[0].logprobs.token_logprobs.length);
  },

  async throwsTypedErrors() {
    await assert.rejects(
      client.chat.completions.create({ model: "no-such-model", messages: ask("Hi") }),
      (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found",
    );
    await assert.rejects(
      client.chat.completions.create({ model, messages: ask("Hi"), temperature: 5 }),
      (error) => error instanceof OpenAI.BadRequestError && error.param === "temperature",
    );
    await assert.rejects(
      client.chat.completions.create({ model, messages: ask("Hi"), modalities: ["text", "audio"], stream: true }),
      (error) => error instanceof OpenAI.BadRequestError && error.code === "unsupported_value",
    );
    await assert.rejects(client.models.retrieve("no-such-model"), OpenAI.NotFoundError);
  },

  async goesOnAfterAClientLeft() {
    for (let i = 0; i < 3; i++) {
      const stream = await client.chat.completions.create({
        model,
        messages: ask("Count from one to one hundred"),
        max_tokens: 256,
        stream: true,
      });
      for await (const _ of stream) break;
      stream.controller.abort();
    }
    assert.ok((await client.chat.completions.create({ model, messages: ask("Hi"), max_tokens: 1 })).choices.length);
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  const began = performance.now();
  try {
    await check();
    console.log(`passed js ${name} (${((performance.now() - began) / 1000).toFixed(2)} s)`);
  } catch (error) {
    failed++;
    console.log(`failed js ${name}`);
    console.error(error);
  }
}
process.exitCode = failed ? 1 : 0;
